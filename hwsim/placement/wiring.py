"""What one projection takes of the cores at both its ends, by the way its synapses are stored."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from export.chip.graph import IntArray
from hwsim.placement.grid import Grid
from hwsim.placement.taps import BoolArray


@dataclass(frozen=True)
class Received:
    """What a projection takes of the K cores of its target.

    Args:
        input_axons: int64 [K].
        synaptic_memory_bits: int64 [K].
        messages: that arrive if every source neuron fires once.
    """

    input_axons: IntArray
    synaptic_memory_bits: IntArray
    messages: int


class Wiring(Protocol):
    """A projection in one format; grids belong to its source and its target."""

    def received(self, target: Grid) -> Received:
        """What it takes of the target's cores."""

    def sent(self, source: Grid, target: Grid) -> IntArray:
        """Output axons int64 [K] that it takes of the source's cores.

        One per source axon (neuron, or pixel of a shared convolution) in the block and core of
        the target that it reaches.
        """

    def reaches(self, target: Grid) -> BoolArray:
        """Bool [sources, K]: whether a spike of a source neuron is sent to a core of the target.

        Sources in (C, H, W) order.
        """


def box_sums(values: IntArray, grid: Grid) -> IntArray:
    """[K] sums of an array of the grid's shape over each of its blocks."""
    for axis, cuts in enumerate(grid.cuts):
        values = np.add.reduceat(values, cuts[:-1], axis=axis)
    return values.reshape(-1)


def channel_groups(cuts: tuple[int, ...], per_group: int) -> tuple[IntArray, IntArray]:
    """First and last channel group of each part of the channels, [parts] each."""
    bounds = np.array(cuts, dtype=np.int64)
    return bounds[:-1] // per_group, (bounds[1:] - 1) // per_group
