"""Depth, feedback and lag of random directed graphs, against every path walked one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import ChipGraph, ChipInput, DenseProjection, Population
from export.chip.timing import Timing, misalignment, timing_of

Edge = tuple[str, str, tuple[int, ...]]
"""Source, target, delays of its synapses."""


@dataclass(frozen=True)
class Drawing:
    """A directed graph: populations in order, projections, and whether the input is external."""

    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    external: bool

    def graph(self) -> ChipGraph:
        """Populations of one neuron, or of two where a projection has two delays."""
        fields = (np.array(4096), np.array(0), np.array(1), np.array(0))
        populations = tuple(Population(name, (2,), *fields) for name in self.names)
        source = "input" if self.external else self.names[0]
        return ChipGraph(
            ChipInput(source, "spikes" if self.external else "bias", (2,)),
            populations,
            tuple(
                DenseProjection(a, b, np.ones((2, 2), dtype=np.int64), matrix(delays))
                for a, b, delays in self.edges
            ),
        )

    def reaches(self, start: str, end: str) -> bool:
        """Whether spikes of one population can get to another."""
        seen: set[str] = set()
        front = {start}
        while front:
            seen |= front
            front = {b for a, b, _ in self.edges if a in front and b not in seen}
        return end in seen

    def feedback(self) -> set[int]:
        """Projections within a loop that lead back in the order of populations."""
        place = {name: k for k, name in enumerate(self.names)}
        return {
            k
            for k, (a, b, _) in enumerate(self.edges)
            if a in place and place[a] >= place[b] and self.reaches(b, a)
        }

    def ways(self, end: str) -> Iterator[int]:
        """Chip steps of every way to a population, feedback left out, whatever it starts from."""
        yield 0
        for k, (a, b, delays) in enumerate(self.edges):
            if b == end and k not in self.feedback():
                yield from (1 + max(delays) + steps for steps in self.ways(a))


def matrix(delays: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Every delay somewhere in a 2 x 2 matrix."""
    return np.resize(np.array(delays, dtype=np.int64), (2, 2))


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    """Up to six populations, named out of order, with up to ten projections and any loops."""
    names = tuple(draw(st.permutations("abcdef"[: draw(st.integers(1, 6))])))
    external = draw(st.booleans())
    sources = (*names, "input") if external else names
    delays = st.sampled_from([(0,), (0,), (1,), (2,), (0, 3)])
    edge = st.tuples(st.sampled_from(sources), st.sampled_from(names), delays)
    return Drawing(names, tuple(draw(st.lists(edge, max_size=10))), external)


@settings(deadline=None, max_examples=300)
@given(drawings())
def test_timing_equals_every_path(drawing: Drawing) -> None:
    """Groups are what reaches each other, depth is the longest way, feedback leads back."""
    timing = timing_of(drawing.graph())
    together = {
        frozenset(b for b in drawing.names if drawing.reaches(a, b) and drawing.reaches(b, a))
        for a in drawing.names
    }
    assert {frozenset(group) for group in timing.groups} == together
    assert sorted(timing.order) == sorted(drawing.names)
    assert timing.feedback == drawing.feedback()
    for name in drawing.names:
        assert timing.depth[name] == max(drawing.ways(name))
        assert timing.path[name][-1] == name
    assert timing.depth.get("input", 0) == 0


@settings(deadline=None, max_examples=300)
@given(drawings())
def test_everything_is_computed_after_what_feeds_it(drawing: Drawing) -> None:
    """Except over feedback, whose order is the populations' own."""
    timing = timing_of(drawing.graph())
    place = {name: k for k, name in enumerate(("input", *timing.order))}
    for k, (a, b, _) in enumerate(drawing.edges):
        assert (place[a] >= place[b]) == (k in timing.feedback)


@settings(deadline=None, max_examples=300)
@given(drawings())
def test_misaligned_is_what_arrives_in_another_window(drawing: Drawing) -> None:
    """A spike of step 0 must arrive in step 0 of its target's window, over feedback later."""
    timing = timing_of(drawing.graph())
    assert (misalignment(drawing.graph(), timing) is None) == all(
        arrives(timing, drawing.edges[k], delay) >= 1
        if k in drawing.feedback()
        else arrives(timing, drawing.edges[k], delay) == 0
        for k in range(len(drawing.edges))
        for delay in drawing.edges[k][2]
    )


def arrives(timing: Timing, edge: Edge, delay: int) -> int:
    """The step of its target's window in which a spike of its source's step 0 arrives."""
    sent_at = timing.depth[edge[0]]
    return sent_at + 1 + delay - timing.depth[edge[1]]
