"""Best-first search over the grids of all populations for the least total cost.

A population's own limits are kept by its choices, and its cost depends on its choice alone. What
couples populations are output axons, which depend on a population's grid and on its targets'.
Populations are chosen from the last to the first; a population's output axons are checked as soon
as it and its targets are all chosen. Two partial choices with equal grids of the populations that
still take part in an unchecked constraint can only be completed in the same ways, and the dearer
one is dropped: a chain takes time linear in its length. The result is the least cost over all
combinations of the choices given.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from hwsim.placement.choices import Choice
from hwsim.placement.grid import Grid

Cost = tuple[int, int]
"""Compared lexicographically."""

Ranks = tuple[int, ...]
"""Which choice, by rank, of the populations chosen so far, in order; the last is on trial."""

STEPS_AT_MOST = 20_000
"""Partial choices looked at before the search gives up."""


class SearchExhausted(Exception):
    """The bound on steps was reached before an answer."""


@dataclass(frozen=True)
class Problem:
    """What is to be chosen.

    Args:
        choices: per population.
        targets: per population, indices of those that it projects to.
        sends_fit: whether a population's output axons fit, given a grid of every population, of
            which only its own and its targets' count.
        cost: of a choice, non-negative; summed over populations.
    """

    choices: Sequence[Sequence[Choice]]
    targets: Sequence[Sequence[int]]
    sends_fit: Callable[[int, Sequence[Grid]], bool]
    cost: Callable[[Choice], Cost]


def cheapest(problem: Problem, first_at_most: int | None = None) -> list[Grid] | None:
    """The grids of least total cost, one per population; ties go to the smaller cuts.

    Args:
        problem: what is to be chosen.
        first_at_most: bound on the first part of the cost.

    Returns:
        None where no combination keeps the limits.

    Raises:
        SearchExhausted: undecided after `STEPS_AT_MOST` steps.
    """
    if not all(problem.choices):
        return None
    search = _Search(problem)
    for steps, (bound, ranks) in enumerate(search.by_cost()):
        if first_at_most is not None and bound[0] > first_at_most:
            return None
        if steps == STEPS_AT_MOST:
            raise SearchExhausted
        if search.accepts(ranks) and len(ranks) == len(problem.choices):
            return search.grids(ranks)
    return None


class _Search:
    """The heap of partial choices, cheapest possible completion first."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._order = range(len(problem.choices) - 1, -1, -1)
        self._ranked = [
            sorted(problem.choices[i], key=lambda choice: (problem.cost(choice), choice.grid.cuts))
            for i in self._order
        ]
        self._costs = [[problem.cost(choice) for choice in ranked] for ranked in self._ranked]
        self._rest = _sums_from_the_end([costs[0] for costs in self._costs])
        self._closing, self._open = _schedule(self._order, problem.targets)
        self._seen: set[tuple[int, tuple[object, ...]]] = set()
        self._heap: list[tuple[Cost, int, int, Cost, Ranks]] = []
        self._number = count()

    def by_cost(self) -> Iterator[tuple[Cost, Ranks]]:
        """Partial choices in order of the least cost that they can lead to.

        A partial choice leads on to its completions only if it is accepted meanwhile.
        """
        self._push((0, 0), (0,))
        while self._heap:
            bound, _, _, spent, ranks = heapq.heappop(self._heap)
            *before, last = ranks
            if last + 1 < len(self._ranked[len(before)]):
                self._push(spent, (*before, last + 1))
            self._accepted = False
            yield bound, ranks
            if self._accepted and len(ranks) < len(self._ranked):
                self._push(_plus(spent, self._costs[len(before)][last]), (*ranks, 0))

    def accepts(self, ranks: Ranks) -> bool:
        """Whether the last choice keeps the limits and its like hasn't been seen for less."""
        done = len(ranks) - 1
        grids = self.grids(ranks)
        if not all(self._problem.sends_fit(sender, grids) for sender in self._closing[done]):
            return False
        state = done, tuple(grids[i].cuts for i in self._open[done])
        self._accepted = state not in self._seen
        self._seen.add(state)
        return self._accepted

    def grids(self, ranks: Ranks) -> list[Grid]:
        """Grids in the populations' order; those not chosen yet have their cheapest."""
        padded = (*ranks, *[0] * (len(self._ranked) - len(ranks)))
        chosen = [each[rank].grid for each, rank in zip(self._ranked, padded, strict=True)]
        return chosen[::-1]

    def _push(self, spent: Cost, ranks: Ranks) -> None:
        done = len(ranks) - 1
        bound = _plus(_plus(spent, self._costs[done][ranks[-1]]), self._rest[done + 1])
        heapq.heappush(self._heap, (bound, -done, next(self._number), spent, ranks))


def _schedule(
    order: Sequence[int], targets: Sequence[Sequence[int]]
) -> tuple[list[list[int]], list[list[int]]]:
    """Per step of the order, whose output axons can be checked, and which grids matter later."""
    when = {population: step for step, population in enumerate(order)}
    involved = {i: {i, *targets[i]} for i in when}
    closes = {i: max(when[j] for j in involved[i]) for i in when}
    steps = range(len(order))
    closing = [[i for i in order if closes[i] == step] for step in steps]
    still_open = [
        sorted({j for i in order if closes[i] > step for j in involved[i] if when[j] <= step})
        for step in steps
    ]
    return closing, still_open


def _sums_from_the_end(costs: Sequence[Cost]) -> list[Cost]:
    sums = [(0, 0)]
    for cost in reversed(costs):
        sums.append(_plus(sums[-1], cost))
    return sums[::-1]


def _plus(one: Cost, other: Cost) -> Cost:
    return one[0] + other[0], one[1] + other[1]
