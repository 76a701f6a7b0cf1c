"""Which core and which tile each population lies on, and whether the chip has room for it."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import ChipGraph, IntArray, Population
from hwsim.chip import Chip


@dataclass(frozen=True)
class Excess:
    """A limit of the chip that the network breaks.

    Args:
        limit: what runs out, in words.
        used: how much the network needs.
        allowed: how much the chip has.
    """

    limit: str
    used: int
    allowed: int

    @property
    def over(self) -> int:
        """By how much the limit is exceeded."""
        return self.used - self.allowed


@dataclass(frozen=True)
class Placement:
    """Every population on cores of its own, in contiguous blocks of equal size.

    Args:
        populations: names in the graph's order.
        neurons: [P] neurons per population.
        cores: [P] cores per population.
        first_core: [P] a population has cores first_core .. first_core + cores - 1.
        core_tile: [cores used] tile of each core: core c lies on tile c // cores per tile.
        core_column: [cores used] column of that tile in the mesh.
        core_row: [cores used] its row.
        excesses: limits exceeded, empty if the network fits.
    """

    populations: tuple[str, ...]
    neurons: IntArray
    cores: IntArray
    first_core: IntArray
    core_tile: IntArray
    core_column: IntArray
    core_row: IntArray
    excesses: tuple[Excess, ...]

    @property
    def cores_used(self) -> int:
        """Cores with at least one neuron."""
        return int(self.cores.sum())

    @property
    def tiles_used(self) -> int:
        """Tiles with at least one core in use."""
        return int(self.core_tile[-1]) + 1

    @property
    def fits(self) -> bool:
        """Whether no checked limit is exceeded."""
        return not self.excesses

    def cores_of(self, index: int) -> IntArray:
        """Core numbers of population `index`."""
        first = int(self.first_core[index])
        return np.arange(first, first + int(self.cores[index]))


def place(graph: ChipGraph, chip: Chip) -> Placement:
    """Places each population on ceil(neurons / limit) cores and fills the tiles in order.

    A network that doesn't fit is placed all the same, on a mesh with as many rows as it takes, so
    that its cost and its excess can be told. Checked are cores and bias range; synaptic memory
    and axons aren't.
    """
    limits = chip.limits
    neurons = np.array([population.neurons for population in graph.populations], dtype=np.int64)
    cores = -(-neurons // limits.neurons_per_core.value)
    core_tile = np.arange(int(cores.sum())) // limits.cores_per_tile.value
    return Placement(
        populations=tuple(population.name for population in graph.populations),
        neurons=neurons,
        cores=cores,
        first_core=np.cumsum(cores) - cores,
        core_tile=core_tile,
        core_column=core_tile % limits.mesh_columns.value,
        core_row=core_tile // limits.mesh_columns.value,
        excesses=_excesses(graph, chip, int(cores.sum())),
    )


def _excesses(graph: ChipGraph, chip: Chip, cores_used: int) -> tuple[Excess, ...]:
    needs = [Excess("cores", cores_used, chip.limits.cores.value)]
    bias_max = (1 << chip.limits.bias_bits.value) - 1
    needs += [
        Excess(f"bias mantissa of '{population.name}'", _largest_bias(population), bias_max)
        for population in graph.populations
    ]
    return tuple(need for need in needs if need.over > 0)


def _largest_bias(population: Population) -> int:
    return int(np.abs(population.bias).max())
