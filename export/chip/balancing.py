"""Delays that let every path arrive together, so that the chip computes what training computed.

A network is trained with all its layers in step: spikes of step t reach every later layer within
step t. On the chip each projection takes a step, so where ways of different lengths meet, the
shorter one comes early by

    s = depth(target) - depth(source) - 1 - delay

steps (see `export.chip.timing`) and has to wait. Dense synapses wait by their own delay, up to 62
steps. A convolution waits by `ConvProjection.delay`, for which the chip stores it as sparse
synapses, or behind relays: populations of the source's shape that repeat its spikes one step
later. Relays in a row serve all projections that leave the same source, each from the relay it
needs. `export.chip.balancing_choice` says which is taken where. Payloads can't pass a relay,
which answers any input by one spike, so those of a graded input wait in delays.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from export.chip.balancing_choice import Means, Wait, choose
from export.chip.balancing_costs import BalancingCosts
from export.chip.check_graph import check_graph, label
from export.chip.graph import (
    ChipGraph,
    ConvProjection,
    Population,
    Projection,
)
from export.chip.relays import relay_links, relay_rows, with_relays
from export.chip.timing import Timing, delays_of, misalignment, timing_of
from export.errors import InvalidGraph


@dataclass(frozen=True)
class BalancedPath:
    """One projection that had to wait.

    Args:
        source: population or external input that the spikes come from.
        target: population they reach.
        steps: how long they wait.
        means: relay populations or synaptic delays.
        why: the reason for that choice, in words.
        relays: populations they pass, shared with other paths of the same source.
        neurons: relay neurons added for it, where no other path had needed them before.
        cores: cores added for it.
        synapses: synapses added for it: of new relays, or those a delayed convolution no longer
            shares.
    """

    source: str
    target: str
    steps: int
    means: Means
    why: str
    relays: tuple[str, ...]
    neurons: int
    cores: int
    synapses: int

    def __str__(self) -> str:
        by = f"behind {_count(len(self.relays), 'relay')}" if self.relays else "by synaptic delay"
        added = ", ".join(
            _count(number, what)
            for number, what in (
                (self.neurons, "neuron"), (self.cores, "core"), (self.synapses, "synapse"),
            )
        )  # fmt: skip
        return (
            f"'{self.source}' -> '{self.target}' waits {_count(self.steps, 'step')} {by} "
            f"({self.why}); adds {added}"
        )


@dataclass(frozen=True)
class Balancing:
    """What it took to balance a graph; no path where all ways were equally long."""

    paths: tuple[BalancedPath, ...] = ()

    @property
    def relays(self) -> tuple[str, ...]:
        """Names of the populations that only pass spikes on."""
        return tuple(dict.fromkeys(name for path in self.paths for name in path.relays))

    @property
    def neurons(self) -> int:
        """Relay neurons."""
        return sum(path.neurons for path in self.paths)


def balanced(
    graph: ChipGraph, *, means: Means | None = None, costs: BalancingCosts | None = None
) -> tuple[ChipGraph, Balancing]:
    """The graph with every forward path delayed to the longest one's length.

    Populations keep their depth; feedback (within loops) is left as it is.

    Args:
        graph: any chip graph.
        means: `relay` or `delay` for every path where it is possible; None takes the cheaper.
        costs: the chip's; None takes Loihi 1's.

    Raises:
        InvalidGraph: synapses of one projection differ in delay, or a graded input would have to
            wait for more than 62 steps.
        LimitExceeded: a relay of a flat layer that is too large for one.
    """
    timing = timing_of(graph)
    early = {
        k: steps
        for k, projection in enumerate(graph.projections)
        if k not in timing.feedback and (steps := _early(projection, timing)) > 0
    }
    waits = choose(graph, early, means, costs or BalancingCosts())
    if not waits:
        return graph, Balancing()
    relays = relay_rows(graph, _longest(graph, waits))
    projections = list(graph.projections)
    for wait in waits:
        old = projections[wait.index]
        if wait.means == "relay":
            projections[wait.index] = replace(old, source=relays[old.source][wait.steps - 1].name)
        else:
            projections[wait.index] = _delayed(old, wait.steps)
    result = replace(
        graph,
        populations=tuple(with_relays(graph, relays)),
        projections=(*projections, *relay_links(relays)),
    )
    check_graph(result)
    if reason := misalignment(result, timing_of(result)):
        raise InvalidGraph(f"chip graph, balanced: {reason}.")
    return result, Balancing(tuple(_path(graph, wait, relays) for wait in waits))


def _early(projection: Projection, timing: Timing) -> int:
    delays = delays_of(projection)
    if len(delays) > 1:
        raise InvalidGraph(
            f"chip graph, {label(projection)}: delays of {int(delays[0])} to {int(delays[-1])} "
            "steps can't all arrive together. Give all its synapses one delay, or run it with "
            "reset 'none'."
        )
    return -timing.lag(projection, int(delays[0]))


def _delayed(projection: Projection, steps: int) -> Projection:
    if isinstance(projection, ConvProjection):
        return replace(projection, delay=projection.delay + steps)
    waiting = np.full(projection.weight.shape, steps, dtype=np.int64)
    before = np.zeros_like(waiting) if projection.delay is None else projection.delay
    return replace(projection, delay=before + waiting)


def _longest(graph: ChipGraph, waits: Iterable[Wait]) -> dict[str, int]:
    """Per source, how many relays it takes."""
    longest: dict[str, int] = {}
    for wait in waits:
        if wait.means == "relay":
            source = graph.projections[wait.index].source
            longest[source] = max(longest.get(source, 0), wait.steps)
    return longest


def _path(graph: ChipGraph, wait: Wait, relays: dict[str, list[Population]]) -> BalancedPath:
    projection = graph.projections[wait.index]
    passed = relays[projection.source][: wait.steps] if wait.means == "relay" else []
    return BalancedPath(
        source=projection.source,
        target=projection.target,
        steps=wait.steps,
        means=wait.means,
        why=wait.why,
        relays=tuple(relay.name for relay in passed),
        neurons=wait.neurons,
        cores=wait.cores,
        synapses=wait.synapses,
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
