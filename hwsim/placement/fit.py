"""How each layer lies on the chip: what its fullest core takes, and what keeps it from fewer."""

import numpy as np

from export.chip.graph import ChipGraph
from hwsim.chips.chip import Chip
from hwsim.placement.choices import Choices
from hwsim.placement.demand import Demand
from hwsim.placement.excess import IN_WORDS
from hwsim.placement.grid import Grid
from hwsim.placement.placement import USES, Placement
from hwsim.report.placed import FitRow, Use

ONE_CORE = "one core"
NO_LIMIT = "no limit"
"""What binds a layer that could do with fewer cores, as after splitting it for low latency."""


def fit_rows(graph: ChipGraph, placement: Placement, chip: Chip) -> tuple[FitRow, ...]:
    """One row per population, in the graph's order."""
    demand = Demand(graph, chip, placement.formats)
    return tuple(_row(demand, placement, index) for index in range(len(placement.grids)))


def _row(demand: Demand, placement: Placement, index: int) -> FitRow:
    grid, cores = placement.grids[index], placement.cores_of(index)
    formats = {
        form
        for form, (_, target) in zip(placement.formats, demand.ends, strict=True)
        if target == index
    }
    return FitRow(
        layer=placement.populations[index],
        cores=grid.cores,
        parts=grid.parts,
        formats=tuple(sorted(formats)),
        uses=tuple(
            Use(
                resource=IN_WORDS[use],
                used=int(placement.uses[use][cores].max()),
                limit=demand.limit(use),
            )
            for use in USES
        ),
        binds=_binds(demand, placement, index),
    )


def _binds(demand: Demand, placement: Placement, index: int) -> str:
    """The resource that is exceeded the most on the next smaller number of cores.

    Of the grids with that many cores it is the one that exceeds the least. The output axons of
    another population are named with it, as they too depend on this one's cut.
    """
    cores = placement.grids[index].cores
    if cores == 1:
        return ONE_CORE
    choices = Choices(demand, index)
    fewer = next(grids for n in range(cores - 1, 0, -1) if (grids := choices.grids(n)))
    shares = [_shares(demand, placement, index, grid) for grid in fewer]
    least = min(shares, key=lambda share: max(share.values()))
    worst = max(least, key=lambda resource: least[resource])
    return worst if least[worst] > 1 else NO_LIMIT


def _shares(demand: Demand, placement: Placement, index: int, grid: Grid) -> dict[str, float]:
    """Share of each limit on the fullest core; of the sources' output axons too."""
    grids = [*placement.grids[:index], grid, *placement.grids[index + 1 :]]
    shares = {
        IN_WORDS[use]: float(np.max(taken)) / demand.limit(use)
        for use, taken in demand.uses(index, grids).items()
    }
    for source in demand.sources(index):
        if source != index:
            most = int(demand.output_axons(source, grids).max())
            name = f"output axons of '{placement.populations[source]}'"
            shares[name] = most / demand.limit("output_axons")
    return shares
