"""Convolutions: kernels stored once and shared between pixels, or written out as sparse synapses.

Rows and columns of a convolution are separable, so everything here is a product of one array
per axis (or per channel block) and needs no loop over neurons.
"""

from collections import Counter
from itertools import pairwise

import numpy as np

from export.chip.graph import ConvProjection, IntArray
from hwsim.placement.grid import Grid
from hwsim.placement.memory import bits_per_axon, index_width
from hwsim.placement.taps import AxisTaps, BoolArray, axis_taps
from hwsim.placement.wiring import Received, box_sums, channel_groups


class _Axes:
    """The taps along rows and columns of one projection, computed once per cut."""

    def __init__(self, projection: ConvProjection, source: tuple[int, ...]) -> None:
        self._projection, self._source = projection, source
        self._known: dict[tuple[int, tuple[int, ...]], AxisTaps] = {}

    def of(self, target: Grid) -> tuple[AxisTaps, AxisTaps]:
        rows, columns = (self._along(axis, target.cuts[axis + 1]) for axis in (0, 1))
        return rows, columns

    def _along(self, axis: int, cuts: tuple[int, ...]) -> AxisTaps:
        key = axis, cuts
        if key not in self._known:
            size = self._source[axis + 1]
            self._known[key] = axis_taps(self._projection, axis, size, cuts)
        return self._known[key]


class SharedConvWiring:
    """One input axon per source pixel; one stored kernel per pattern of taps.

    A kernel is stored for each input channel of the groups that the block has outputs of, and
    each pattern of taps that some source pixel has towards the block: its taps times the block's
    output channels in that group are one synapse list, each with its target's index (nengo-loihi's
    `set_population_weights`). Weights of zero are stored too.

    Args:
        projection: an undelayed convolution.
        source: (C, H, W) of its source.
        weight_bits: of one weight.
        core_neurons: most neurons of a core, which bounds the target indices.
    """

    def __init__(
        self,
        projection: ConvProjection,
        source: tuple[int, ...],
        weight_bits: int,
        core_neurons: int,
    ) -> None:
        self._axes = _Axes(projection, source)
        self._weight_bits = weight_bits
        self._core_neurons = core_neurons
        self._source = source
        self._inputs = projection.weight.shape[1]
        self._outputs = projection.weight.shape[0] // projection.groups

    def received(self, target: Grid) -> Received:
        """See `Wiring`."""
        rows, columns = self._axes.of(target)
        channels = target.cuts[0]
        pixels = np.multiply.outer(rows.positions, columns.positions)
        axons = np.broadcast_to(pixels, (len(channels) - 1, *pixels.shape))
        first, last = self._target_groups(target)
        needed = int((last - first + 1).sum())
        return Received(
            axons.reshape(-1),
            self._bits(target, rows, columns),
            needed * self._inputs * int(pixels.sum()),
        )

    def sent(self, source: Grid, target: Grid) -> IntArray:
        """See `Wiring`."""
        rows, columns = self._axes.of(target)
        low, high = self._target_groups(target)
        first, last = channel_groups(source.cuts[0], self._inputs)
        blocks = ((low <= last[:, None]) & (first[:, None] <= high)).sum(axis=1, dtype=np.int64)
        down = np.add.reduceat(rows.reached, source.cuts[1][:-1])
        across = np.add.reduceat(columns.reached, source.cuts[2][:-1])
        cores = np.multiply.outer(blocks, np.multiply.outer(down, across))
        return np.asarray(cores.reshape(-1))

    def reaches(self, target: Grid) -> BoolArray:
        """See `Wiring`."""
        rows, columns = self._axes.of(target)
        group = np.arange(self._source[0])[:, None] // self._inputs
        first, last = self._target_groups(target)
        channel = (first <= group) & (group <= last)
        found = (
            channel[:, None, None, :, None, None]
            & (rows.pattern_at >= 0)[None, :, None, None, :, None]
            & (columns.pattern_at >= 0)[None, None, :, None, None, :]
        )
        return np.asarray(found.reshape(-1, target.cores))

    def _target_groups(self, target: Grid) -> tuple[IntArray, IntArray]:
        return channel_groups(target.cuts[0], self._outputs)

    def _bits(self, target: Grid, rows: AxisTaps, columns: AxisTaps) -> IntArray:
        index = index_bits(target, self._core_neurons)
        bits = np.zeros(target.parts, dtype=np.int64)
        for width in np.unique(index):
            stored = self._bits_at(int(width), target.cuts[0], rows, columns)
            bits = np.where(index == width, stored, bits)
        return bits.reshape(-1)

    def _bits_at(
        self, index_bits: int, channels: tuple[int, ...], rows: AxisTaps, columns: AxisTaps
    ) -> IntArray:
        """[parts] bits of every block, if its target indices took so many bits."""
        taps = np.multiply.outer(rows.taps, columns.taps)
        here = (rows.occurrence > 0).astype(np.int64)
        there = (columns.occurrence > 0).T.astype(np.int64)
        known: dict[tuple[tuple[int, int], ...], IntArray] = {}
        found = []
        for low, high in pairwise(channels):
            lists = self._lists(low, high)
            if lists not in known:
                each = sum(
                    many * bits_per_axon(taps * outputs, self._weight_bits, 0, index_bits)
                    for outputs, many in lists
                )
                known[lists] = here @ each @ there
            found.append(known[lists])
        return np.stack(found)

    def _lists(self, low: int, high: int) -> tuple[tuple[int, int], ...]:
        """(output channels of a list, how many input channels have such a list) of a block."""
        groups = range(low // self._outputs, (high - 1) // self._outputs + 1)
        if len(groups) == 1:
            return ((high - low, self._inputs),)
        sizes = Counter(
            min(high, (group + 1) * self._outputs) - max(low, group * self._outputs)
            for group in groups
        )
        return tuple(sorted((size, many * self._inputs) for size, many in sizes.items()))


class SparseConvWiring:
    """A convolution written out: one input axon per source neuron, non-zero weights only.

    Args:
        projection: a convolution.
        source: (C, H, W) of its source.
        widths: bits of a weight and of a delay.
        core_neurons: most neurons of a core, which bounds the target indices.
    """

    def __init__(
        self,
        projection: ConvProjection,
        source: tuple[int, ...],
        widths: tuple[int, int],
        core_neurons: int,
    ) -> None:
        self._axes = _Axes(projection, source)
        self._nonzero = (projection.weight != 0).astype(np.int64)
        self._cores_hit: dict[tuple[tuple[int, ...], ...], IntArray] = {}
        self._groups = projection.groups
        self._source = source
        self._widths = widths
        self._core_neurons = core_neurons

    def received(self, target: Grid) -> Received:
        """See `Wiring`."""
        rows, columns = self._axes.of(target)
        hit = self._hit(target, rows, columns)
        here, there = rows.occurrence, columns.occurrence
        axons = here @ (hit > 0).sum(axis=1) @ there.T
        index = index_bits(target, self._core_neurons)
        bits = np.zeros_like(axons)
        for width in np.unique(index):
            each = bits_per_axon(hit, *self._widths, int(width)).sum(axis=1)
            bits = np.where(index == width, here @ each @ there.T, bits)
        return Received(axons.reshape(-1), bits.reshape(-1), int(axons.sum()))

    def sent(self, source: Grid, target: Grid) -> IntArray:
        """See `Wiring`."""
        if target.cuts not in self._cores_hit:
            rows, columns = self._axes.of(target)
            joined = (self._hit(target, rows, columns) > 0).sum(axis=0)
            self._cores_hit[target.cuts] = rows.at_position @ joined @ columns.at_position.T
        return box_sums(self._cores_hit[target.cuts], source)

    def reaches(self, target: Grid) -> BoolArray:
        """See `Wiring`."""
        rows, columns = self._axes.of(target)
        joined = self._hit(target, rows, columns) > 0
        # Pattern -1, no taps at all, finds the empty one appended at the end.
        joined = np.pad(joined, ((0, 0), (0, 0), (0, 1), (0, 1)))
        found = joined[:, :, rows.pattern_at][:, :, :, :, columns.pattern_at]
        return np.asarray(found.transpose(1, 2, 4, 0, 3, 5).reshape(-1, target.cores))

    def _hit(self, target: Grid, rows: AxisTaps, columns: AxisTaps) -> IntArray:
        """[channel blocks, source channels, row patterns, column patterns] non-zero synapses."""
        found = np.einsum(
            "bcij,ui,vj->bcuv", self._by_block(target.cuts[0]),
            rows.patterns.astype(np.int64), columns.patterns.astype(np.int64), optimize=True,
        )  # fmt: skip
        return np.asarray(found)

    def _by_block(self, channels: tuple[int, ...]) -> IntArray:
        """[channel blocks, source channels, kH, kW] non-zero weights."""
        outputs, inputs, *kernel = self._nonzero.shape
        per_group = outputs // self._groups
        found = np.zeros((len(channels) - 1, self._groups, inputs, *kernel), dtype=np.int64)
        for block, (low, high) in enumerate(pairwise(channels)):
            for group in range(low // per_group, (high - 1) // per_group + 1):
                first, last = max(low, group * per_group), min(high, (group + 1) * per_group)
                found[block, group] = self._nonzero[first:last].sum(axis=0)
        return found.reshape(len(found), -1, *kernel)


def index_bits(target: Grid, core_neurons: int) -> IntArray:
    """[parts] bits of a target index on each core."""
    neurons = target.neurons.reshape(target.parts)
    sizes, which = np.unique(np.minimum(neurons, core_neurons), return_inverse=True)
    widths = np.array([index_width(int(size)) for size in sizes], dtype=np.int64)
    return np.asarray(widths[which].reshape(target.parts))
