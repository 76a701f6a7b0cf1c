"""Reach of a convolution, without matrices of neurons by cores: rows and columns are separable.

A spike of source (c, y, x) hits, on the core of output channels kc, rows kh and columns kw,

    sum over taps (i, j) of  Z[kc, c, i, j] R[y, kh, i] C[x, kw, j]

synapses, where Z counts the core's (non-zero) weights and R, C say whether tap i (j) leads from
row y (column x) to an output row (column) of the core.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ConvProjection, IntArray
from hwsim.events.dense_reach import DenseReach
from hwsim.events.integer_product import integer_product
from hwsim.placement.grid import Block, Grid
from hwsim.placement.taps import axis_taps


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
        across = integer_product(
            spikes.reshape(steps * channels * height, width), self.columns.reshape(width, -1)
        ).reshape(steps * channels, height, -1)
        down = integer_product(
            across.transpose(0, 2, 1).reshape(-1, height), self.rows.reshape(height, -1)
        ).reshape(steps, channels, column_blocks, taps_x, row_blocks, taps_y)
        by_tap = down.transpose(0, 4, 2, 1, 5, 3)
        found = integer_product(
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
        across = integer_product(inside.reshape(-1, inside.shape[-1]), reached_columns)
        down = across.reshape(*inside.shape[:3], -1).transpose(0, 1, 3, 2)
        down = integer_product(down.reshape(-1, down.shape[-1]), reached_rows).reshape(
            len(spikes), inside.shape[1], reached_columns.shape[1], -1
        )
        by_channel = down.transpose(0, 3, 2, 1)
        found = integer_product(by_channel.reshape(-1, inside.shape[1]), reached_channels.T)
        return (
            found.reshape(*by_channel.shape[:3], -1).transpose(0, 3, 1, 2).reshape(len(spikes), -1)
        )


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


def conv_reach(
    projection: ConvProjection,
    source: tuple[int, ...],
    grid: Grid,
    *,
    zeros: bool,
    shared: bool,
) -> SharedReach | DenseReach:
    """Reach of a convolution's synapses; arguments as in `hwsim.events.reach.reach_of`."""
    if not shared:
        return written_out(projection, source, grid, zeros=zeros)
    reach = _separable(projection, source, grid, zeros=zeros)
    stored = np.ones_like(projection.weight, dtype=bool)
    axons = _by_channel_block(stored, projection.groups, source[0], grid)
    return SharedReach(reach, ConvReach(source, axons, reach.rows, reach.columns))


def written_out(
    projection: ConvProjection, source: tuple[int, ...], grid: Grid, *, zeros: bool
) -> DenseReach:
    """Reach of a convolution that is stored synapse by synapse."""
    reach = _separable(projection, source, grid, zeros=zeros)
    by_rows = np.einsum("kcij,yhi->kcyhj", reach.weights, reach.rows)
    hit = np.einsum("kcyhj,xwj->khwcyx", by_rows, reach.columns)
    return DenseReach(np.asarray(hit.reshape(-1, prod(source)), dtype=np.int64), source)


def _separable(
    projection: ConvProjection, source: tuple[int, ...], grid: Grid, *, zeros: bool
) -> ConvReach:
    counted = np.ones_like(projection.weight, dtype=bool) if zeros else projection.weight != 0
    return ConvReach(
        source,
        _by_channel_block(counted, projection.groups, source[0], grid),
        _taps(projection, 0, source[1], grid),
        _taps(projection, 1, source[2], grid),
    )


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
    joined = axis_taps(projection, axis, size, grid.cuts[axis + 1])
    found = np.zeros((size, joined.blocks, projection.weight.shape[axis + 2]), dtype=np.int64)
    found[joined.position, joined.block] = joined.patterns[joined.pattern]
    return found
