"""What can be probed is named; what can't is refused with what is known."""

import pytest

from hwsim.probes.choice import probes_of
from tests.small_chip_graphs import chain
from trainers.errors import ConfigError

GRAPH = chain(3).graph(4)
"""Populations p0 and p1."""


def test_choices() -> None:
    """All, a population, a state, several of them, and samples."""
    every = frozenset("uvs")
    assert probes_of(GRAPH, ["all"], None, 9).states == {"p0": every, "p1": every}
    assert probes_of(GRAPH, ["p1"], None, 9).states == {"p1": every}
    chosen = probes_of(GRAPH, ["p1.v", "p0.s", "p1.s"], "2:9", 9)
    assert chosen.states == {"p0": {"s"}, "p1": {"s", "v"}}
    assert list(chosen.states) == ["p0", "p1"]
    assert chosen.samples == (2, 9)
    assert probes_of(GRAPH, ["all"], None, 9).samples is None
    assert probes_of(GRAPH, ["all"], ":3", 9).samples == (0, 3)
    assert probes_of(GRAPH, ["all"], "3:", 9).samples == (3, 9)


@pytest.mark.parametrize(
    ("names", "samples", "message"),
    [
        (["p0.v", "p9.v"], None, "--probe p9.v: no population 'p9', only p0, p1"),
        (["p9"], None, "no population 'p9', only p0, p1"),
        (["p0.w"], None, "population 'p0' has no state 'w', only u, v, s"),
        (["all"], "5", "--samples 5: not FIRST:LAST"),
        (["all"], "a:b", "not FIRST:LAST"),
        (["all"], "-3:5", "not FIRST:LAST"),
        (["all"], "0:10", "there are 9 samples, counted from 0"),
        (["all"], "4:4", "there are 9 samples"),
    ],
)
def test_refusals(names: list[str], samples: str | None, message: str) -> None:
    """One line that says what is known."""
    with pytest.raises(ConfigError, match=message):
        probes_of(GRAPH, names, samples, 9)
