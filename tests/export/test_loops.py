"""Edges that close loops: against the definition, and refused where nothing leads in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.errors import InvalidGraph
from export.loops import closing_edges

Sources = dict[str, set[str]]

CHAIN: Sources = {"input": set(), "lif": {"input"}, "out": {"lif"}}


def is_acyclic(sources: Sources) -> bool:
    """Nodes without sources are taken away until none is left."""
    left = {name: set(before) for name, before in sources.items()}
    while left:
        free = {name for name, before in left.items() if not before}
        if not free:
            return False
        left = {name: before - free for name, before in left.items() if name not in free}
    return True


def test_a_chain_has_none() -> None:
    """Nothing is delayed without need."""
    assert closing_edges(CHAIN, "input") == {}


def test_recurrent_weights_bring_the_step_before() -> None:
    """input -> lif -> w_rec -> lif: the edge back into the neuron."""
    sources = CHAIN | {"lif": {"input", "w_rec"}, "w_rec": {"lif"}}
    assert closing_edges(sources, "input") == {"lif": {"w_rec"}}


def test_a_node_that_feeds_itself() -> None:
    """The shortest loop."""
    assert closing_edges(CHAIN | {"lif": {"input", "lif"}}, "input") == {"lif": {"lif"}}


def test_feedback_between_layers() -> None:
    """From the later layer to the earlier one, never the other way."""
    sources = CHAIN | {"lif": {"input", "back"}, "second": {"lif"}, "back": {"second"}}
    assert closing_edges(sources, "input") == {"lif": {"back"}}


def test_an_island_is_refused() -> None:
    """Two nodes that feed each other and nothing else leads to."""
    with pytest.raises(InvalidGraph, match="a, b can't be reached from input"):
        closing_edges(CHAIN | {"a": {"b"}, "b": {"a"}}, "input")


def test_a_long_chain_is_no_stack_overflow() -> None:
    """A stranger's graph may be deeper than Python's stack."""
    sources: Sources = {"0": set()} | {str(k): {str(k - 1)} for k in range(1, 20_000)}
    assert closing_edges(sources | {"1": {"0", "19999"}}, "0") == {"1": {"19999"}}


@given(st.data())
def test_what_is_left_has_no_loop(data: st.DataObject) -> None:
    """On random graphs; and each edge taken out did close one."""
    size = data.draw(st.integers(2, 9))
    names = [str(k) for k in range(size)]
    edge = st.tuples(st.sampled_from(names), st.sampled_from(names[1:]))
    edges = data.draw(st.sets(edge, max_size=3 * size))
    sources: Sources = {name: set() for name in names}
    # A path through all of them, so that the entry reaches each.
    for source, target in {*edges, *pairwise(names)}:
        sources[target].add(source)
    closing = closing_edges(sources, "0")
    rest = {name: before - closing.get(name, set()) for name, before in sources.items()}
    assert is_acyclic(rest)
    for target, back in closing.items():
        for source in back:
            assert not is_acyclic(rest | {target: rest[target] | {source}})
