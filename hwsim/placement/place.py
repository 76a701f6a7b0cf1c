"""Which core, tile and chip each population lies on, and whether the chip has room for it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import get_args

import numpy as np

from export.chip.graph import ChipGraph, Population
from hwsim.chips.chip import Chip
from hwsim.errors import ChipError
from hwsim.placement.demand import Demand
from hwsim.placement.excess import excesses
from hwsim.placement.grid import Grid
from hwsim.placement.mesh import lay_out
from hwsim.placement.placement import USES, Objective, Placement
from hwsim.placement.search import search


def place(
    graph: ChipGraph,
    chip: Chip,
    *,
    objective: Objective = "fewest-cores",
    chips: int | None = None,
    loads: Mapping[str, float] | None = None,
) -> Placement:
    """Chooses a cut of every population, keeping the limits of cores, and lays the cores out.

    A network that doesn't fit is placed all the same, on as many chips as it takes, so that its
    cost and its excesses can be told.

    Args:
        graph: the network.
        chip: limits and formats.
        objective: `fewest-cores`; `lowest-latency`: more cores for the busiest population, as
            long as there are any; `least-traffic`: fewest messages, then short ways.
        chips: how many there are; None for as many as it takes, up to the chip file's number.
        loads: seconds of work of each population in its busiest step if one core did all of it,
            without what it takes however it is cut; needed for `lowest-latency`.

    Raises:
        ChipError: no such objective, no chip, a load is missing, or the chip can't store a
            projection.
    """
    if objective not in get_args(Objective):
        known = ", ".join(get_args(Objective))
        raise ChipError(f"placement: no objective '{objective}'. Known: {known}.")
    available = _available(chip, chips)
    demand = Demand(graph, chip)
    grids = search(demand, objective, None if chips is None else available, loads)
    return _laid_out(demand, grids, objective, available)


def placed(
    graph: ChipGraph,
    chip: Chip,
    grids: Mapping[str, Grid],
    *,
    objective: Objective = "fewest-cores",
    chips: int | None = None,
) -> Placement:
    """Lays out given cuts; nothing is chosen but formats, and limits are checked.

    Args:
        graph: the network.
        chip: limits and formats.
        grids: population -> how it is cut.
        objective: what the cuts were chosen for; `least-traffic` lays tiles out in a serpentine.
        chips: as for `place`.

    Raises:
        ChipError: the grids aren't those of the populations, or as for `place`.
    """
    available = _available(chip, chips)
    names = [population.name for population in graph.populations]
    strangers = sorted(set(grids) - set(names))
    if strangers:
        raise ChipError(
            f"placement: a grid for '{strangers[0]}', and there is no such population. "
            f"Known: {', '.join(names)}."
        )
    chosen = [_checked(population, grids) for population in graph.populations]
    return _laid_out(Demand(graph, chip), chosen, objective, available)


def _available(chip: Chip, chips: int | None) -> int:
    if chips is not None and chips < 1:
        raise ChipError(f"placement: {chips} chips. Allow at least 1.")
    return min(chip.limits.chips.value, chips or chip.limits.chips.value)


def _checked(population: Population, grids: Mapping[str, Grid]) -> Grid:
    where = f"placement: population '{population.name}'"
    grid = grids.get(population.name)
    if grid is None:
        raise ChipError(f"{where} has no grid. Give one for every population.")
    if grid.shape != population.shape or len(grid.cuts) != len(grid.shape):
        raise ChipError(
            f"{where}: its grid is of shape {grid.shape}, the population {population.shape}. "
            "Cut the population's own axes."
        )
    for size, cuts in zip(grid.shape, grid.cuts, strict=True):
        if len(cuts) < 2 or cuts[0] != 0 or cuts[-1] != size or not _rises(cuts):
            raise ChipError(f"{where}: cuts {cuts} must rise from 0 to {size}.")
    return grid


def _rises(cuts: tuple[int, ...]) -> bool:
    return all(low < high for low, high in pairwise(cuts))


def _laid_out(demand: Demand, grids: Sequence[Grid], objective: Objective, chips: int) -> Placement:
    cores = np.array([grid.cores for grid in grids], dtype=np.int64)
    uses = [demand.uses(index, grids) for index in range(len(grids))]
    mesh = lay_out(int(cores.sum()), demand.chip.limits, serpentine=objective == "least-traffic")
    return Placement(
        populations=tuple(population.name for population in demand.graph.populations),
        grids=tuple(grids),
        first_core=np.cumsum(cores) - cores,
        formats=demand.formats,
        chip=mesh.chip,
        tile=mesh.tile,
        column=mesh.column,
        row=mesh.row,
        uses={use: np.concatenate([each[use] for each in uses]) for use in USES},
        excesses=excesses(demand, grids, chips),
        objective=objective,
    )
