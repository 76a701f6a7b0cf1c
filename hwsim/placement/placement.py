"""Which core, tile and chip each population lies on, what that takes, and what doesn't fit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from export.chip.graph import IntArray
from hwsim.chips.chip import SynapseFormat
from hwsim.placement.grid import Grid

Objective = Literal["fewest-cores", "lowest-latency", "least-traffic"]

USES = ("neurons", "input_axons", "output_axons", "synaptic_memory_bits")
"""What a core holds a limited amount of; each has a limit `{use}_per_core` in the chip file."""


@dataclass(frozen=True)
class Excess:
    """A limit of the chip that the network breaks.

    Args:
        limit: what runs out, in words, with the population that needs it.
        used: how much the network needs.
        allowed: how much the chip has.
        advice: what would help.
    """

    limit: str
    used: int
    allowed: int
    advice: str = ""

    @property
    def over(self) -> int:
        """By how much the limit is exceeded."""
        return self.used - self.allowed


@dataclass(frozen=True)
class Placement:
    """Every population on cores of its own; K cores in use, over all chips.

    Args:
        populations: names in the graph's order.
        grids: per population, how it is cut; its cores follow one another in block order.
        first_core: int64 [P] first of the population's cores.
        formats: per projection of the graph, in its order, how its synapses are stored.
        chip: int64 [K] chip of each core, from 0; chips lie in one row, east of one another.
        tile: int64 [K] its tile on that chip.
        column: int64 [K] column of that tile, counted over the whole row of chips.
        row: int64 [K] its row.
        uses: what of `USES` each core takes, int64 [K] each.
        excesses: limits exceeded, empty if the network fits.
        objective: what the placement was chosen for.
    """

    populations: tuple[str, ...]
    grids: tuple[Grid, ...]
    first_core: IntArray
    formats: tuple[SynapseFormat, ...]
    chip: IntArray
    tile: IntArray
    column: IntArray
    row: IntArray
    uses: dict[str, IntArray]
    excesses: tuple[Excess, ...] = ()
    objective: Objective = "fewest-cores"

    @property
    def cores(self) -> IntArray:
        """[P] cores per population."""
        return np.array([grid.cores for grid in self.grids], dtype=np.int64)

    @property
    def cores_used(self) -> int:
        """Cores with at least one neuron."""
        return len(self.chip)

    @property
    def chips_used(self) -> int:
        """Chips with at least one core in use."""
        return int(self.chip.max()) + 1

    @property
    def tiles_used(self) -> int:
        """Tiles with at least one core in use, over all chips."""
        return len(np.unique(np.stack([self.chip, self.tile]), axis=1).T)

    @property
    def fits(self) -> bool:
        """Whether no limit is exceeded."""
        return not self.excesses

    @property
    def population_of(self) -> IntArray:
        """int64 [K] index of each core's population."""
        return np.repeat(np.arange(len(self.grids)), self.cores)

    def cores_of(self, index: int) -> slice:
        """Core numbers of population `index`."""
        first = int(self.first_core[index])
        return slice(first, first + self.grids[index].cores)
