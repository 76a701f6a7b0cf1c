"""Grids of all populations for an objective."""

from collections.abc import Mapping

from hwsim.placement.choices import Choices
from hwsim.placement.demand import Demand
from hwsim.placement.fewest_cores import fewest_cores
from hwsim.placement.grid import Grid
from hwsim.placement.least_traffic import least_traffic
from hwsim.placement.lowest_latency import lowest_latency
from hwsim.placement.placement import Objective


def search(
    demand: Demand,
    objective: Objective,
    chips: int | None = None,
    loads: Mapping[str, float] | None = None,
) -> list[Grid]:
    """One grid per population that keeps every limit that can be kept.

    All objectives begin with the fewest cores. What they add to those goes up to the cores of
    `chips` chips; without a number, of the chips that the fewest cores take anyway.

    Args:
        demand: of the network.
        objective: what to choose for.
        chips: how many there are.
        loads: see `lowest_latency`, which alone needs them.

    Raises:
        ChipError: a population's load is missing.
    """
    choices = [Choices(demand, index) for index in range(len(demand.graph.populations))]
    start = fewest_cores(demand, choices)
    if objective == "fewest-cores":
        return start
    of_chip = demand.chip.limits.cores.value
    taken = -(-sum(grid.cores for grid in start) // of_chip)
    room = of_chip * (taken if chips is None else chips)
    if objective == "least-traffic":
        return least_traffic(demand, choices, start, room)
    return lowest_latency(demand, choices, start, loads or {}, room)
