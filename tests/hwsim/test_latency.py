"""Latency: the busiest core of every step, worked out on paper."""

from fractions import Fraction

import pytest

from hwsim.chip import load_chip
from hwsim.latency import Latency, barrier_time, estimate_latency
from hwsim.placement import place
from hwsim.routes import route
from tests.cost_example import relay_trace

LOIHI1 = load_chip("loihi1")
BARRIER_NS = 113 + Fraction(352, 31)
"""Two tiles: one thirty-first of the way from 113 ns to 465 ns."""


@pytest.fixture(scope="module")
def latency() -> Latency:
    """The relay's latency on Loihi 1."""
    trace = relay_trace()
    placement = place(trace.graph, LOIHI1)
    return estimate_latency(trace, placement, route(trace.graph, placement), LOIHI1)


def test_barrier_lies_on_the_line_between_its_published_ends() -> None:
    """113 ns at one tile, 465 ns at 32, linear between and beyond."""
    assert barrier_time(LOIHI1, 1) == pytest.approx(113e-9, rel=1e-15)
    assert barrier_time(LOIHI1, 32) == pytest.approx(465e-9, rel=1e-15)
    assert barrier_time(LOIHI1, 2) == pytest.approx(float(BARRIER_NS) * 1e-9, rel=1e-14)


def test_each_step_waits_for_its_busiest_core(latency: Latency) -> None:
    """Rounded-up shares times the published times, the greatest population of each step.

    `a` 2 cores, block 513, active always: 4309.2 ns, + 6.3 ns for each spike's three messages.
    `b` 3 cores, block 683: 3619.9 ns idle; in its window 5737.2 + 3.5 per synop + 2.1 per spike.
    """
    first = [4309.2 + 12.6, 5737.2 + 2049 * 3.5 + 4.2, 5737.2 + 2732 * 3.5, 4309.2]
    second = [4309.2 + 6.3, 5737.2 + 683 * 3.5 + 2.1, 4309.2, 4309.2]
    expected = [(a + b) / 2 * 1e-9 for a, b in zip(first, second, strict=True)]
    assert latency.compute_s.tolist() == pytest.approx(expected, rel=1e-13)
    samples = [sum(steps) * 1e-9 + 4 * float(BARRIER_NS) * 1e-9 for steps in (first, second)]
    assert latency.samples_s.tolist() == pytest.approx(samples, rel=1e-13)


def test_total_is_the_mean_of_the_samples_and_the_sum_of_the_steps(latency: Latency) -> None:
    """28953.4 ns of work and four barriers."""
    expected = (Fraction("28953.4") + 4 * BARRIER_NS) / 10**9
    assert latency.total_s == pytest.approx(float(expected), rel=1e-13)
    assert latency.steps_s.sum() == pytest.approx(latency.total_s, rel=1e-13)
    assert latency.steps == 4


def test_partly_active_core_pays_both_kinds_of_update(latency: Latency) -> None:
    """Sample 2, third step, `b`: 34 of 683 active, 649 inactive, three spikes sent.

    The mean with sample 1's 15299.2 ns is what the layer shows; its core sets sample 1 alone.
    """
    second = 34 * 8.4 + 649 * 5.3 + 3 * 2.1
    assert latency.core_s[2, 1] == pytest.approx((15299.2 + second) / 2 * 1e-9, rel=1e-13)
    assert latency.compute_s[2] > latency.core_s[2].max()
