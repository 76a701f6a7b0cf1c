"""Printed bounds and their verdicts, on this side and on that."""

from dataclasses import replace

import numpy as np
import pytest

from hwsim.alternatives.bounds import printed_bounds
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import PrintedBound
from tests.cost_example import fired_trace
from tests.hwsim.alternatives.toy import toy_graph, toy_trace


def with_activity(spikes_per_synapse: float) -> Trace:
    """The toy with as many synops (10 synapses, 2 samples); spikes as they are."""
    trace = toy_trace()
    synops = np.zeros_like(trace.synops)
    synops[0, 0, 1] = round(spikes_per_synapse * 20)
    return replace(trace, synops=synops)


def with_rate(permille: int, steps: int) -> PrintedBound:
    """Yan's bound on 1000 chances to fire per step, of which so many were taken."""
    taken = (np.arange(1000) < permille).astype(np.int64)
    fired = taken.reshape(200, 1, 5).repeat(steps, axis=1)
    graph = replace(toy_graph(), time_steps=steps)
    trace = fired_trace(
        graph,
        {"a": fired[..., :3], "b": fired[..., 3:], "out": np.zeros((200, steps, 2), dtype=int)},
    )
    bound = printed_bounds(trace)[2]
    assert bound.value == pytest.approx(permille / 1000)
    return bound


@pytest.mark.parametrize(
    ("activity", "dampfhoffer", "davidson"),
    [
        (0.1, "favourable", "favourable"),
        (0.15, "undecided", "favourable"),
        (1.35, "undecided", "favourable"),
        (1.4, "unfavourable", "favourable"),
        (1.7, "unfavourable", "favourable"),
        (1.75, "unfavourable", "unfavourable"),
    ],
)
def test_spikes_per_synapse(activity: float, dampfhoffer: str, davidson: str) -> None:
    """0.15 to 1.38, and 1.72."""
    first, second, _ = printed_bounds(with_activity(activity))
    assert (first.verdict, second.verdict) == (dampfhoffer, davidson)
    assert first.value == second.value == pytest.approx(activity)
    assert (first.low, first.high, second.low, second.high) == (0.15, 1.38, 1.72, 1.72)
    assert f"{activity:.3g} spikes" in first.sentence
    assert f"{activity:.3g} spikes" in second.sentence


def test_sentences_name_scope_and_leak() -> None:
    """The host is left out; leaky neurons need fewer spikes than was printed."""
    first, second, _ = printed_bounds(toy_trace())
    for bound in (first, second):
        assert "the host's first linear operation left out" in bound.sentence
    assert "without leak" in first.sentence
    graph = toy_graph()
    keeps = tuple(replace(p, decay_v=np.asarray(0)) for p in graph.populations)
    firm = replace(toy_trace(), graph=replace(graph, populations=keeps))
    assert "leak" not in printed_bounds(firm)[0].sentence


@pytest.mark.parametrize(("permille", "verdict"), [(56, "favourable"), (58, "unfavourable")])
def test_mean_rate_at_five_steps(permille: int, verdict: str) -> None:
    """5.7 % as printed, against a 3-bit ANN."""
    bound = with_rate(permille, 5)
    assert bound.verdict == verdict
    assert f"{permille / 10:.2f}%" in bound.sentence
    assert "T = 5" in bound.sentence
    assert "3 bits" in bound.sentence


@pytest.mark.parametrize(
    ("steps", "permille", "verdict", "bits"),
    [
        (4, 56, "favourable", "3 bits"),
        (4, 58, "undecided", "3 bits"),
        (7, 56, "undecided", "3 bits"),
        (7, 58, "unfavourable", "3 bits"),
        (3, 10, "undecided", "2 bits"),
        (8, 500, "undecided", "4 bits"),
        (1, 10, "undecided", "1 bit,"),
    ],
)
def test_mean_rate_elsewhere_only_what_follows(
    steps: int, permille: int, verdict: str, bits: str
) -> None:
    """The rival at T = 4 to 7 is the one of T = 5; fewer steps cost less, more cost more."""
    bound = with_rate(permille, steps)
    assert bound.verdict == verdict
    assert bits in bound.sentence
    if verdict == "undecided":
        assert "no bound is printed" in bound.sentence


def test_urls_are_https() -> None:
    """The report links them."""
    assert all(bound.url.startswith("https://") for bound in printed_bounds(toy_trace()))
