"""All-to-all synapses, stored dense (every weight of a connected source) or sparse (non-zero)."""

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import DenseProjection, IntArray
from hwsim.placement.grid import Grid
from hwsim.placement.memory import bits_per_axon, index_width
from hwsim.placement.taps import BoolArray
from hwsim.placement.wiring import Received, box_sums


class DenseWiring:
    """One input axon per source neuron with a non-zero weight onto the core.

    Stored dense, its synapses are all the core's neurons; stored sparse, those with a non-zero
    weight, each with a target index.

    Args:
        projection: whose synapses these are.
        source: shape of its source.
        widths: bits of a weight and of a delay.
        core_neurons: most neurons of a core, which bounds the target indices.
        sparse: stored so; else dense.
    """

    def __init__(
        self,
        projection: DenseProjection,
        source: tuple[int, ...],
        widths: tuple[int, int],
        core_neurons: int,
        *,
        sparse: bool,
    ) -> None:
        self._weight = projection.weight
        self._table: NDArray[np.int32] | None = None
        self._cores_hit: dict[tuple[tuple[int, ...], ...], IntArray] = {}
        self._source = source
        self._widths = widths
        self._core_neurons = core_neurons
        self._sparse = sparse

    def received(self, target: Grid) -> Received:
        """See `Wiring`."""
        hit = self._hit(target)
        connected = hit > 0
        axons = connected.sum(axis=1, dtype=np.int64)
        bits = self._sparse_bits(hit, target) if self._sparse else axons * self._row_bits(target)
        return Received(axons, bits, int(axons.sum()))

    def sent(self, source: Grid, target: Grid) -> IntArray:
        """See `Wiring`."""
        if target.cuts not in self._cores_hit:
            self._cores_hit[target.cuts] = (self._hit(target) > 0).sum(axis=0, dtype=np.int64)
        return box_sums(self._cores_hit[target.cuts].reshape(self._source), source)

    def reaches(self, target: Grid) -> BoolArray:
        """See `Wiring`."""
        return np.asarray((self._hit(target) > 0).T)

    def _hit(self, target: Grid) -> NDArray[np.int32]:
        """[K, sources] non-zero synapses of each source onto each core."""
        found = self._below(target.shape)
        for axis, cuts in enumerate(target.cuts):
            found = np.take(found, cuts[1:], axis=axis) - np.take(found, cuts[:-1], axis=axis)
        return found.reshape(target.cores, -1)

    def _below(self, shape: tuple[int, ...]) -> NDArray[np.int32]:
        """Non-zero synapses onto all targets below a corner, [each axis + 1, ..., sources].

        With it a box is a few subtractions; summing the boxes anew for each of hundreds of grids
        would go through the whole matrix every time.
        """
        if self._table is None:
            table = (self._weight != 0).astype(np.int32).reshape(*shape, -1)
            for axis in range(len(shape)):
                table = np.cumsum(table, axis=axis, dtype=np.int32)
            self._table = np.pad(table, [(1, 0)] * len(shape) + [(0, 0)])
        return self._table

    def _row_bits(self, target: Grid) -> IntArray:
        return bits_per_axon(target.neurons, *self._widths)

    def _sparse_bits(self, hit: NDArray[np.int32], target: Grid) -> IntArray:
        most = int(hit.max(initial=0))
        found = np.zeros(len(hit), dtype=np.int64)
        index = np.array([index_width(min(int(n), self._core_neurons)) for n in target.neurons])
        for width in np.unique(index):
            table = bits_per_axon(np.arange(most + 1), *self._widths, int(width))
            found[index == width] = table[hit[index == width]].sum(axis=1)
        return found
