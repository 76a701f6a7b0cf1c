"""What a file computes when: populations in order, and how long spikes are kept for whom.

With reset `staggered` (window time) a spike of step t arrives at step t + lag: 0 forward, at least
1 back in a loop. With reset `none` (chip time) every projection takes 1 + delay steps. What
arrives later than in its own step comes out of a history: the source's last steps, newest first.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, Projection
from export.chip.timing import Timing, delays_of, misalignment, timing_of
from export.errors import InvalidGraph

ResetRule = Literal["staggered", "none"]


@dataclass(frozen=True)
class Plan:
    """A graph and the time it runs in."""

    graph: ChipGraph
    timing: Timing
    reset: ResetRule

    def lags(self, projection: Projection) -> tuple[int, ...]:
        """Steps until a spike arrives, one entry per different delay of the projection, rising."""
        delays = [int(delay) for delay in delays_of(projection)]
        if self.reset == "none":
            return tuple(1 + delay for delay in delays)
        return tuple(self.timing.lag(projection, delay) for delay in delays)

    @cached_property
    def history(self) -> dict[str, int]:
        """Steps that are kept of each population or input that somebody hears later."""
        kept: dict[str, int] = {}
        for projection in self.graph.projections:
            longest = self.lags(projection)[-1]
            if longest > 0:
                kept[projection.source] = max(longest, kept.get(projection.source, 0))
        return kept

    def local(self, role: str, name: str) -> str:
        """A tensor's name inside the file; without dots it never is that of an output.

        The number comes first, so that no other population's name can complete a role to the same.
        """
        names = [self.graph.input.name, *(p.name for p in self.graph.populations)]
        return f"p{names.index(name)}_{role}_{name.replace('.', '_')}"


def plan_of(graph: ChipGraph, reset: ResetRule) -> Plan:
    """Orders the populations.

    Raises:
        InvalidGraph: the graph contradicts itself, or with reset `staggered` spikes of one sample
            would arrive in the window of another.
    """
    check_graph(graph)
    timing = timing_of(graph)
    crossing = misalignment(graph, timing) if reset == "staggered" else None
    if crossing is not None:
        raise InvalidGraph(f"chip graph, {crossing}, or write the file with reset 'none'.")
    return Plan(graph, timing, reset)
