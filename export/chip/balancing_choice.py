"""Relays or delays: the fewest cores, then the least energy per spike, decided per source.

Relays of one source stand in a row, so that a row as long as the longest wait serves the shorter
ones too. Tried is every length of that row; what waits longer is delayed instead. Counted are

    relays   cores of their own for each, as populations are placed; energy per relayed spike
    delay    cores that the target needs beyond those of its neurons, for a convolution's sparse
             synapses (dense ones hold a delay anyway); energy of sparse over shared synapses

What else the target's cores hold isn't counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from export.chip.balancing_costs import BalancingCosts
from export.chip.check_graph import label
from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection
from export.chip.limits import DELAY_MAX
from export.chip.timing import delays_of
from export.errors import InvalidGraph

Means = Literal["relay", "delay"]


@dataclass(frozen=True)
class Wait:
    """How one projection waits.

    Args:
        index: in the graph's projections.
        steps: how long.
        means: relay populations or synaptic delays.
        why: the reason, in words.
        neurons: relay neurons added for it.
        cores: cores added for it.
        synapses: synapses added for it.
    """

    index: int
    steps: int
    means: Means
    why: str
    neurons: int
    cores: int
    synapses: int


def choose(
    graph: ChipGraph, early: Mapping[int, int], means: Means | None, costs: BalancingCosts
) -> tuple[Wait, ...]:
    """Means for every projection that comes early, in the graph's order.

    Args:
        graph: to be balanced.
        early: per index of a projection, by how many steps.
        means: taken wherever possible; None takes the cheaper.
        costs: the chip's.

    Raises:
        InvalidGraph: a graded input would have to wait for more than 62 steps.
    """
    chooser = _Chooser(graph, early, means, costs)
    sources = dict.fromkeys(graph.projections[k].source for k in early)
    waits = [wait for source in sources for wait in chooser.of_source(source)]
    return tuple(sorted(waits, key=lambda wait: wait.index))


class _Chooser:
    def __init__(
        self,
        graph: ChipGraph,
        early: Mapping[int, int],
        means: Means | None,
        costs: BalancingCosts,
    ) -> None:
        self.graph, self.early, self.means, self.costs = graph, early, means, costs
        self.sparse_bits = dict.fromkeys((p.name for p in graph.populations), 0)

    def of_source(self, source: str) -> list[Wait]:
        """Decides for all early projections that leave one source."""
        waiting = sorted(
            (steps, k) for k, steps in self.early.items()
            if self.graph.projections[k].source == source
        )  # fmt: skip
        row, why = self._row(source, waiting)
        waits, relayed = [], 0
        for steps, k in waiting:
            if steps <= row[k]:
                waits.append(self._relayed(k, steps, steps - relayed, why[k]))
                relayed = max(relayed, steps)
            else:
                waits.append(self._delayed(k, steps, why[k]))
        return waits

    def _row(
        self, source: str, waiting: list[tuple[int, int]]
    ) -> tuple[dict[int, int], dict[int, str]]:
        """Per projection the number of relays at hand, 0 where it can't use them; and reasons."""
        row, why = dict[int, int](), dict[int, str]()
        needed = max((s for s, k in waiting if not self._can_delay(k, s)), default=0)
        if source == self.graph.input.name and self.graph.input.form == "graded":
            self._refuse_long(waiting)
            return dict.fromkeys(self.early, 0), dict.fromkeys(
                self.early, "payloads can't pass a relay"
            )
        longest = waiting[-1][0]
        if self.means == "relay":
            return dict.fromkeys(self.early, longest), dict.fromkeys(self.early, "as asked")
        convolutions = [
            (s, k) for s, k in waiting if isinstance(self.graph.projections[k], ConvProjection)
        ]
        best, reason = needed, ""
        if self.means is None:
            lengths = {needed, *(s for s, _ in convolutions if s > needed)}
            tried = {length: self._cost(source, convolutions, length) for length in lengths}
            best = min(lengths, key=lambda length: (*tried[length], length))
            reason = _spell_choice(tried, best)
        for steps, k in waiting:
            dense = not isinstance(self.graph.projections[k], ConvProjection)
            if not self._can_delay(k, steps):
                row[k], why[k] = best, f"a delay holds at most {DELAY_MAX} steps"
            elif self.means == "delay":
                row[k], why[k] = 0, "as asked"
            elif dense:
                row[k], why[k] = 0, "dense synapses hold delays at no cost"
            else:
                row[k], why[k] = best, reason
        return row, why

    def _can_delay(self, k: int, steps: int) -> bool:
        return int(delays_of(self.graph.projections[k])[-1]) + steps <= DELAY_MAX

    def _refuse_long(self, waiting: list[tuple[int, int]]) -> None:
        for steps, k in waiting:
            if not self._can_delay(k, steps):
                raise InvalidGraph(
                    f"chip graph, {label(self.graph.projections[k])}: graded payloads would have "
                    f"to wait for {steps} steps, a synapse delays by at most {DELAY_MAX}, and "
                    "relays pass spikes only. Use input form 'bias' or 'spikes'."
                )

    def _cost(
        self, source: str, waiting: Iterable[tuple[int, int]], length: int
    ) -> tuple[int, float]:
        """Cores and joules per spike of `length` relays, with delays for what waits longer."""
        neurons = int(np.prod(self.graph.source_shape(source)))
        cores = length * self.costs.cores(neurons)
        energy = length * self.costs.relay_energy_per_spike()
        bits: dict[str, int] = {}
        for steps, k in waiting:
            projection = self.graph.projections[k]
            if steps > length and isinstance(projection, ConvProjection):
                target = projection.target
                more = self.costs.sparse_bits(self.graph, projection)
                bits[target] = bits.get(target, 0) + more
                energy += self.costs.sparse_energy_per_spike(self.graph, projection)
        return cores + sum(self._added(target, more) for target, more in bits.items()), energy

    def _added(self, target: str, bits: int) -> int:
        """Cores that a population needs for these more bits of synapses."""
        neurons, stored = self.graph.population(target).neurons, self.sparse_bits[target]
        return self.costs.cores(neurons, stored + bits) - self.costs.cores(neurons, stored)

    def _relayed(self, k: int, steps: int, new: int, why: str) -> Wait:
        source = self.graph.projections[k].source
        neurons = int(np.prod(self.graph.source_shape(source)))
        cores = max(new, 0) * self.costs.cores(neurons)
        added = max(new, 0) * neurons
        return Wait(k, steps, "relay", why, added, cores, added)

    def _delayed(self, k: int, steps: int, why: str) -> Wait:
        projection = self.graph.projections[k]
        if not isinstance(projection, ConvProjection) or projection.delay:
            return Wait(k, steps, "delay", why, 0, 0, 0)
        bits = self.costs.sparse_bits(self.graph, projection)
        cores = self._added(projection.target, bits)
        self.sparse_bits[projection.target] += bits
        unshared = int(fan_out(self.graph, projection).sum()) - projection.weight.size
        return Wait(k, steps, "delay", why, 0, cores, max(unshared, 0))


def _spell_choice(tried: Mapping[int, tuple[int, float]], best: int) -> str:
    """The chosen number of relays beside the next best."""
    others = {length: cost for length, cost in tried.items() if length != best}
    if not others:
        return "those relays are there already"
    next_best = min(others, key=lambda length: (*others[length], length))
    cores, energy = tried[best]
    more, further = others[next_best]
    if cores != more:
        unit = "core" if cores == 1 else "cores"
        return f"{cores} {unit} more with {best} in a row, {more} with {next_best}"
    unit = "core" if cores == 1 else "cores"
    return (
        f"{energy * 1e12:.0f} pJ per spike with {best} in a row, {further * 1e12:.0f} with "
        f"{next_best}; {cores} {unit} more either way"
    )
