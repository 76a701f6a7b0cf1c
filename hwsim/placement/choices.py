"""The grids that a population may be cut by: even ones that keep its own limits."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from hwsim.placement.demand import Demand
from hwsim.placement.grid import Grid

OWN_USES = ("neurons", "input_axons", "synaptic_memory_bits")
"""Uses that depend on the population's own grid only."""

EVERY_NUMBER_BELOW = 512
"""Up to here every number of cores is tried; above, numbers 1/256 apart."""


@dataclass(frozen=True)
class Choice:
    """A grid within its population's own limits.

    Args:
        grid: how the population is cut.
        cores: that it takes.
        messages: that arrive if every source neuron fires once.
    """

    grid: Grid
    cores: int
    messages: int


class Choices:
    """Grids of one population: part counts (C, H, W) or (N), cut evenly.

    Args:
        demand: of the network.
        index: of the population.
    """

    def __init__(self, demand: Demand, index: int) -> None:
        self._demand = demand
        self._index = index
        self.population = demand.graph.populations[index]
        self._known: dict[int, tuple[Choice, ...]] = {}

    @cached_property
    def finest(self) -> Grid:
        """One neuron per core."""
        return Grid.even(self.population.shape, self.population.shape)

    @cached_property
    def alone(self) -> dict[str, int]:
        """What one neuron alone takes at most, of each of the uses that it has to itself."""
        return self._peaks(self.finest)

    @cached_property
    def impossible(self) -> tuple[str, ...]:
        """Uses of which one neuron alone takes more than a core has; no grid can help."""
        return tuple(use for use, most in self.alone.items() if most > self._demand.limit(use))

    @cached_property
    def fewest(self) -> int:
        """Fewest cores on which the population keeps its limits, but for impossible ones."""
        cores = -(-self.population.neurons // self._demand.limit("neurons"))
        while not self.of(cores):
            cores = self.after(cores)
        return cores

    def after(self, cores: int) -> int:
        """The next number of cores that is tried."""
        further = max(1, 2 * cores // EVERY_NUMBER_BELOW)
        # The finest grid fits whatever can fit, so it is never passed over.
        return min(cores + further, max(self.population.neurons, cores + 1))

    def up_to(self, most: int) -> list[Choice]:
        """Choices of at most so many cores, fewest cores first, then fewest messages."""
        found: list[Choice] = []
        cores = self.fewest
        while cores <= min(most, self.population.neurons):
            found += self.of(cores)
            cores = self.after(cores)
        return found

    def of(self, cores: int) -> tuple[Choice, ...]:
        """Choices of exactly so many cores, fewest messages first."""
        if cores not in self._known:
            grids = (Grid.even(self.population.shape, parts) for parts in self._parts(cores))
            found = [self._choice(grid) for grid in grids if self._keeps_limits(grid)]
            self._known[cores] = tuple(sorted(found, key=lambda c: (c.messages, c.grid.cuts)))
        return self._known[cores]

    def grids(self, cores: int) -> list[Grid]:
        """All even grids of so many cores, whether they keep limits or not."""
        shape = self.population.shape
        return [Grid.even(shape, parts) for parts in part_counts(shape, cores)]

    def _parts(self, cores: int) -> list[tuple[int, ...]]:
        """Part counts whose largest block isn't too many neurons."""
        shape, limit = self.population.shape, self._demand.limit("neurons")
        return [
            parts
            for parts in part_counts(shape, cores)
            if prod(-(-size // n) for size, n in zip(shape, parts, strict=True)) <= limit
        ]

    def _keeps_limits(self, grid: Grid) -> bool:
        peaks = self._peaks(grid)
        return all(
            peaks[use] <= self._demand.limit(use) for use in OWN_USES if use not in self.impossible
        )

    def _choice(self, grid: Grid) -> Choice:
        return Choice(grid, grid.cores, self._demand.received(self._index, grid).messages)

    def _peaks(self, grid: Grid) -> dict[str, int]:
        received = self._demand.received(self._index, grid)
        taken = grid.neurons, received.input_axons, received.synaptic_memory_bits
        return {use: int(np.max(each)) for use, each in zip(OWN_USES, taken, strict=True)}


def part_counts(shape: tuple[int, ...], cores: int) -> list[tuple[int, ...]]:
    """All part counts with that product, none beyond its axis's size."""
    *before, last = shape
    choices = [[n for n in range(1, min(size, cores) + 1) if cores % n == 0] for size in before]
    found = []
    for parts in product(*choices):
        rest, left = divmod(cores, prod(parts))
        if left == 0 and 1 <= rest <= last:
            found.append((*parts, rest))
    return found
