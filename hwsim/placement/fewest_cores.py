"""The fewest cores on which a network keeps its limits.

Exact where the search ends within its bound: first a greedy answer, then all combinations with
fewer cores, or with as many and fewer messages. The slack over the sum of the populations' own
fewest cores is widened step by step, so that only grids that can be part of a better answer are
looked at.
"""

from collections.abc import Sequence

from hwsim.placement.best_first import Cost, Problem, SearchExhausted, cheapest
from hwsim.placement.choices import Choice, Choices
from hwsim.placement.demand import Demand
from hwsim.placement.grid import Grid

WIDEST_SLACK = 63
"""Cores over the sum of the populations' own fewest up to which all combinations are tried."""


def fewest_cores(demand: Demand, choices: Sequence[Choices]) -> list[Grid]:
    """Grids with the fewest cores in all; among those, with the fewest messages.

    Messages are those that arrive if every neuron (and input) fires once.

    If the search is undecided at its bound, or nothing fits within `WIDEST_SLACK`, the greedy
    answer stands: from the last population to the first, each takes the fewest cores with which
    its output axons fit its targets' grids. A population for which no such grid exists takes the
    fewest cores for its other limits.
    """
    greedy = _greedy(demand, choices)
    least = sum(each.fewest for each in choices)
    answered = all(sends_fit(demand, index, greedy) for index in range(len(choices)))
    widest = WIDEST_SLACK
    if answered:
        widest = min(widest, sum(grid.cores for grid in greedy) - least)
    for slack in _slacks(widest):
        try:
            found = cheapest(_problem(demand, choices, slack), least + slack)
        except SearchExhausted:
            return greedy
        if found is not None:
            return found
    return greedy


def sends_fit(demand: Demand, index: int, grids: Sequence[Grid]) -> bool:
    """Whether the output axons of population `index` fit on each of its cores."""
    return int(demand.output_axons(index, grids).max()) <= demand.limit("output_axons")


def _problem(demand: Demand, choices: Sequence[Choices], slack: int) -> Problem:
    return Problem(
        choices=[each.up_to(each.fewest + slack) for each in choices],
        targets=[demand.targets(index) for index in range(len(choices))],
        sends_fit=lambda index, grids: sends_fit(demand, index, grids),
        cost=_cores_then_messages,
    )


def _cores_then_messages(choice: Choice) -> Cost:
    return choice.cores, choice.messages


def _slacks(widest: int) -> list[int]:
    """0, 1, 3, 7, ... up to the widest."""
    narrower = [(1 << power) - 1 for power in range(widest.bit_length())]
    return [slack for slack in narrower if slack < widest] + [widest]


def _greedy(demand: Demand, choices: Sequence[Choices]) -> list[Grid]:
    grids = [each.of(each.fewest)[0].grid for each in choices]
    # A loop's last population is cut before its target is: another round sees that.
    for _ in range(len(choices)):
        before = list(grids)
        for index in reversed(range(len(choices))):
            grids[index] = _fitting(demand, choices[index], index, grids)
        if grids == before:
            break
    return grids


def _fitting(demand: Demand, own: Choices, index: int, grids: Sequence[Grid]) -> Grid:
    """The fewest cores, no fewer than it has, with which a population's output axons fit."""

    def fits(grid: Grid) -> bool:
        return sends_fit(demand, index, [*grids[:index], grid, *grids[index + 1 :]])

    if fits(grids[index]):
        return grids[index]
    # A self loop's output axons grow with its own cores, so the finest grid proves nothing there.
    if not fits(own.finest) and index not in demand.targets(index):
        return grids[index]
    cores = grids[index].cores
    while cores <= own.population.neurons:
        for choice in own.of(cores):
            if fits(choice.grid):
                return choice.grid
        cores = own.after(cores)
    return grids[index]
