"""Reach of synapses that are stored one by one, or all to all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import DenseProjection, IntArray
from hwsim.events.integer_product import integer_product
from hwsim.placement.grid import Block, Grid


@dataclass(frozen=True)
class DenseReach:
    """Any synapses: `hit` [K, sources] synapses that a spike of each source hits on each core."""

    hit: IntArray
    source: tuple[int, ...]

    def synops(self, spikes: IntArray) -> IntArray:
        """See `Reach`."""
        return integer_product(spikes, self.hit.T)

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """See `Reach`."""
        inside = spikes.reshape(len(spikes), *self.source)[(slice(None), *block)]
        reached = (self.hit > 0).reshape(-1, *self.source)[(slice(None), *block)]
        return integer_product(inside.reshape(len(spikes), -1), reached.reshape(len(reached), -1).T)


def dense_reach(
    projection: DenseProjection,
    delay: int | None,
    source: tuple[int, ...],
    grid: Grid,
    *,
    zeros: bool,
) -> DenseReach:
    """Reach of a dense projection's synapses; arguments as in `hwsim.events.reach.reach_of`."""
    nonzero = projection.weight != 0
    counted = np.ones_like(nonzero) if zeros else nonzero
    if projection.delay is not None and delay is not None:
        counted = counted & (projection.delay == delay)
    hit = _per_block(counted, grid)
    # A neuron whose weights onto a core are all zero has no axon there.
    return DenseReach(np.where(_per_block(nonzero, grid) > 0, hit, 0), source)


def _per_block(chosen: NDArray[np.bool_], grid: Grid) -> IntArray:
    """Synapses [targets, sources] that are chosen, per block of the target, [K, sources]."""
    by_target = chosen.reshape(*grid.shape, -1)
    sums = [by_target[block].sum(axis=tuple(range(len(block)))) for block in grid.blocks()]
    return np.array(sums, dtype=np.int64)
