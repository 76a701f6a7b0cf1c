"""Fewest messages, then short ways."""

from collections.abc import Sequence

from hwsim.placement.best_first import Cost, Problem, SearchExhausted, cheapest
from hwsim.placement.choices import Choice, Choices
from hwsim.placement.demand import Demand
from hwsim.placement.fewest_cores import sends_fit
from hwsim.placement.grid import Grid

WINDOWS = (2.0, 1.5, 1.25)
"""Cores that a population may take, as multiples of its fewest; a narrower one if they run out."""


def least_traffic(
    demand: Demand, choices: Sequence[Choices], start: Sequence[Grid], cores_at_most: int
) -> list[Grid]:
    """Grids with the fewest messages if every neuron (and input) fires once; then fewest cores.

    A population may take up to twice its fewest cores, as a squarer cut has fewer borders that
    messages must cross; the window narrows where the network would outgrow `cores_at_most`.

    Args:
        demand: of the network.
        choices: per population.
        start: grids with the fewest cores, which stand if no better ones fit.
        cores_at_most: of all populations together.
    """
    best = list(start)
    for window in WINDOWS:
        found = _within(demand, choices, window)
        if found is None or sum(grid.cores for grid in found) > cores_at_most:
            continue
        return min(found, best, key=lambda grids: _traffic(demand, grids))
    return best


def _within(demand: Demand, choices: Sequence[Choices], window: float) -> list[Grid] | None:
    problem = Problem(
        choices=[each.up_to(int(window * each.fewest)) for each in choices],
        targets=[demand.targets(index) for index in range(len(choices))],
        sends_fit=lambda index, grids: sends_fit(demand, index, grids),
        cost=_messages_then_cores,
    )
    try:
        return cheapest(problem)
    except SearchExhausted:
        return None


def _messages_then_cores(choice: Choice) -> Cost:
    return choice.messages, choice.cores


def _traffic(demand: Demand, grids: Sequence[Grid]) -> Cost:
    messages = sum(demand.received(index, grid).messages for index, grid in enumerate(grids))
    return messages, sum(grid.cores for grid in grids)
