"""Which cores a source neuron's spike reaches, and how many synapses it hits on each.

Rows and columns of a convolution are separable, so that neither loops over neurons nor matrices
of neurons by cores are needed: a spike of source (c, y, x) hits, on the core of output channels
kc, rows kh and columns kw,

    sum over taps (i, j) of  Z[kc, c, i, j] R[y, kh, i] C[x, kw, j]

synapses, where Z counts the core's (non-zero) weights and R, C say whether tap i (j) leads from
row y (column x) to an output row (column) of the core.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, IntArray, Projection
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.placement.grid import Block, Grid

EXACT_BELOW = 1 << 53
"""Sums of integers in float64, which is far faster to multiply, are exact below this."""

Counts = NDArray[np.float64] | IntArray


class Reach(Protocol):
    """Synapses of one projection that share a delay, onto the K cores of its target."""

    def synops(self, spikes: IntArray) -> IntArray:
        """Synaptic operations int64 [T, K] of spikes [T, sources]."""

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """Messages int64 [T, K] of the spikes [T, sources] that a block of the source sends."""


def counts_zeros(chip: Chip, form: SynapseFormat) -> bool:
    """Whether a spike's synaptic operations count weights of zero in this format."""
    return form == "dense" or (form == "conv" and chip.synapses.conv_counts_zeros.value)


def reach_of(
    graph: ChipGraph,
    projection: Projection,
    delay: int | None,
    grid: Grid,
    *,
    zeros: bool,
    shared: bool,
) -> Reach:
    """Reach of a projection's synapses.

    Args:
        graph: holds both ends.
        projection: one of the graph's.
        delay: of the synapses meant, in extra steps; None for all of them.
        grid: of the target population.
        zeros: count weights of zero too.
        shared: a convolution's weights are shared, so that every covered neuron has its axon.
    """
    source = graph.source_shape(projection.source)
    if isinstance(projection, DenseProjection):
        return _dense(projection, delay, source, grid, zeros=zeros)
    return _conv(projection, source, grid, zeros=zeros, shared=shared)


@dataclass(frozen=True)
class DenseReach:
    """Any synapses: `hit` [K, sources] synapses that a spike of each source hits on each core."""

    hit: IntArray
    source: tuple[int, ...]

    def synops(self, spikes: IntArray) -> IntArray:
        """See `Reach`."""
        return _product(spikes, self.hit.T)

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """See `Reach`."""
        inside = spikes.reshape(len(spikes), *self.source)[(slice(None), *block)]
        reached = (self.hit > 0).reshape(-1, *self.source)[(slice(None), *block)]
        return _product(inside.reshape(len(spikes), -1), reached.reshape(len(reached), -1).T)


@dataclass(frozen=True)
class ConvReach:
    """A convolution's synapses.

    Args:
        source: (C, H, W) of the source.
        weights: Z, int64 [channel blocks, C, kH, kW].
        rows: R, [H, row blocks, kH].
        columns: C, [W, column blocks, kW].
    """

    source: tuple[int, ...]
    weights: IntArray
    rows: IntArray
    columns: IntArray

    def synops(self, spikes: IntArray) -> IntArray:
        """See `Reach`."""
        steps, (channels, height, width) = len(spikes), self.source
        (_, row_blocks, taps_y), (_, column_blocks, taps_x) = self.rows.shape, self.columns.shape
        across = _product(
            spikes.reshape(steps * channels * height, width), self.columns.reshape(width, -1)
        ).reshape(steps * channels, height, -1)
        down = _product(
            across.transpose(0, 2, 1).reshape(-1, height), self.rows.reshape(height, -1)
        ).reshape(steps, channels, column_blocks, taps_x, row_blocks, taps_y)
        by_tap = down.transpose(0, 4, 2, 1, 5, 3)
        found = _product(
            by_tap.reshape(steps * row_blocks * column_blocks, -1),
            self.weights.reshape(len(self.weights), -1).T,
        ).reshape(steps, row_blocks, column_blocks, -1)
        return found.transpose(0, 3, 1, 2).reshape(steps, -1)

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """See `Reach`."""
        channels, rows, columns = block
        inside = spikes.reshape(len(spikes), *self.source)[(slice(None), *block)]
        reached_channels = self.weights.max(axis=(2, 3)).clip(max=1)[:, channels]
        reached_rows = self.rows.max(axis=2)[rows]
        reached_columns = self.columns.max(axis=2)[columns]
        across = _product(inside.reshape(-1, inside.shape[-1]), reached_columns)
        down = across.reshape(*inside.shape[:3], -1).transpose(0, 1, 3, 2)
        down = _product(down.reshape(-1, down.shape[-1]), reached_rows).reshape(
            len(spikes), inside.shape[1], reached_columns.shape[1], -1
        )
        by_channel = down.transpose(0, 3, 2, 1)
        found = _product(by_channel.reshape(-1, inside.shape[1]), reached_channels.T)
        return (
            found.reshape(*by_channel.shape[:3], -1).transpose(0, 3, 1, 2).reshape(len(spikes), -1)
        )


def _dense(
    projection: DenseProjection,
    delay: int | None,
    source: tuple[int, ...],
    grid: Grid,
    *,
    zeros: bool,
) -> DenseReach:
    counted = np.ones_like(projection.weight, dtype=bool) if zeros else projection.weight != 0
    if projection.delay is not None and delay is not None:
        counted = counted & (projection.delay == delay)
    by_target = counted.reshape(*grid.shape, -1)
    hit = [by_target[block].sum(axis=tuple(range(len(block)))) for block in grid.blocks()]
    return DenseReach(np.array(hit, dtype=np.int64), source)


def _conv(
    projection: ConvProjection,
    source: tuple[int, ...],
    grid: Grid,
    *,
    zeros: bool,
    shared: bool,
) -> Reach:
    counted = np.ones_like(projection.weight, dtype=bool) if zeros else projection.weight != 0
    reach = ConvReach(
        source,
        _by_channel_block(counted, projection.groups, source[0], grid),
        _taps(projection, 0, source[1], grid),
        _taps(projection, 1, source[2], grid),
    )
    if shared:
        stored = np.ones_like(projection.weight, dtype=bool)
        axons = _by_channel_block(stored, projection.groups, source[0], grid)
        return SharedReach(reach, ConvReach(source, axons, reach.rows, reach.columns))
    return DenseReach(_written_out(reach), source)


@dataclass(frozen=True)
class SharedReach:
    """A convolution whose axons lead to every covered neuron, whatever its weights are.

    Args:
        counted: what synaptic operations count.
        stored: what messages follow.
    """

    counted: ConvReach
    stored: ConvReach

    def synops(self, spikes: IntArray) -> IntArray:
        """See `Reach`."""
        return self.counted.synops(spikes)

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """See `Reach`."""
        return self.stored.messages(spikes, block)


def _written_out(reach: ConvReach) -> IntArray:
    """Synapses [K, sources] of a convolution that is stored synapse by synapse."""
    by_rows = np.einsum("kcij,yhi->kcyhj", reach.weights, reach.rows)
    hit = np.einsum("kcyhj,xwj->khwcyx", by_rows, reach.columns)
    return np.asarray(hit.reshape(-1, prod(reach.source)), dtype=np.int64)


def _by_channel_block(
    counted: NDArray[np.bool_], groups: int, channels: int, grid: Grid
) -> IntArray:
    """Weights counted per channel block, source channel and tap, int64 [blocks, C, kH, kW]."""
    outputs, inputs, *kernel = counted.shape
    own_group = np.arange(outputs) // (outputs // groups)
    found = np.zeros((grid.parts[0], channels, *kernel), dtype=np.int64)
    for block, bounds in enumerate(pairwise(grid.cuts[0])):
        for group in np.unique(own_group[slice(*bounds)]):
            members = np.arange(*bounds)[own_group[slice(*bounds)] == group]
            into = slice(int(group) * inputs, (int(group) + 1) * inputs)
            found[block, into] += counted[members].sum(axis=0)
    return found


def _taps(projection: ConvProjection, axis: int, size: int, grid: Grid) -> IntArray:
    """Whether a tap leads from a source position to a block, int64 [size, blocks, taps]."""
    cuts, taps = grid.cuts[axis + 1], projection.weight.shape[axis + 2]
    outputs = np.arange(cuts[-1])
    block = np.searchsorted(cuts, outputs, side="right") - 1
    found = np.zeros((size, len(cuts) - 1, taps), dtype=np.int64)
    for tap in range(taps):
        position = (
            outputs * projection.stride[axis]
            - projection.padding[axis]
            + tap * projection.dilation[axis]
        )
        inside = (position >= 0) & (position < size)
        found[position[inside], block[inside], tap] = 1
    return found


def _product(left: IntArray, right: Counts | NDArray[np.bool_]) -> IntArray:
    """Exact matrix product of non-negative integers."""
    largest = int(left.max(initial=0)) * int(right.max(initial=0)) * left.shape[-1]
    if largest >= EXACT_BELOW:
        return left @ right.astype(np.int64)
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
