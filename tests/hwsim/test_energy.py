"""Energy: a case worked out on paper to the last digit, and a measured run."""

import math
from fractions import Fraction

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.chip import load_chip
from hwsim.energy import Energy, estimate_energy
from hwsim.engine.trace import Trace
from hwsim.events import EventCounts, count_events
from hwsim.latency import estimate_latency
from hwsim.placement import place
from hwsim.routes import route
from tests.cost_example import counted_trace, population, relay_trace

LOIHI1 = load_chip("loihi1")
PICO = Fraction(1, 10**12)
NANO = Fraction(1, 10**9)


def costed(trace: Trace) -> tuple[EventCounts, Energy]:
    """Events and energy of a trace on Loihi 1."""
    placement = place(trace.graph, LOIHI1)
    routes = route(trace.graph, placement)
    events = count_events(trace, routes)
    latency = estimate_latency(trace, placement, routes, LOIHI1)
    return events, estimate_energy(trace.graph, events, placement, routes, latency, LOIHI1)


def exactly(expected: Fraction) -> object:
    """The double nearest to an exact value, give or take two units in the last place."""
    return pytest.approx(float(expected), rel=2 * math.ulp(1.0), abs=0)


def test_events_move_to_the_chips_own_steps() -> None:
    """T = 2 and depth 2 make four chip steps; population p starts in step p + 1."""
    events, _ = costed(relay_trace())
    assert events.spikes.tolist() == [[4, 0, 0], [4, 7, 0], [0, 7, 0], [0, 0, 0]]
    assert events.synops.tolist() == [[0, 0, 0], [0, 8196, 0], [0, 8196, 70], [0, 0, 70]]
    assert events.messages.tolist() == [[12, 0, 0], [12, 7, 0], [0, 7, 0], [0, 0, 0]]


def test_neurons_outside_their_window_are_updated_too() -> None:
    """Two samples: with biases all are active in every step, without they idle inactive."""
    events, _ = costed(relay_trace())
    assert events.active_updates.tolist() == [
        [2050, 0, 0], [2050, 4098, 0], [2050, 2149, 20], [2050, 0, 13],
    ]  # fmt: skip
    both = events.active_updates + events.inactive_updates
    assert both.tolist() == [[2050, 4098, 20]] * 4


def test_population_with_a_bias_stays_active_outside_its_window() -> None:
    """One biased channel is enough for the rule; population `b` runs in steps 2 and 3 of 3."""
    biased = population("b", (2, 1, 3), bias=np.array([[[0]], [[5]]]))
    graph = ChipGraph(ChipInput("in", "spikes", (1,)), (population("a", (4,)), biased), ())
    zeros = [[[0, 0], [0, 0]]]
    events, _ = costed(counted_trace(graph, zeros, zeros, zeros, depth=[0, 1]))
    assert events.active_updates.tolist() == [[0, 6], [0, 0], [0, 0]]
    assert events.inactive_updates.tolist() == [[4, 0], [4, 6], [4, 6]]


def test_terms_equal_the_case_worked_out_by_hand() -> None:
    """Every term as an exact fraction, mean of two samples.

    Synops 16392 + 140. Updates: 8200 + 6247 + 33 active, 0 + 10145 + 47 inactive. A spike of `a`
    (8 of them) sends 2 messages in its tile and 1 over one column; one of `b` (14) has its
    destination in its tile in 1 of 3 cases, else one column away.
    """
    _, energy = costed(relay_trace())
    terms = energy.terms
    assert terms["synops"] == exactly(Fraction(16532) * Fraction("23.6") * PICO / 2)
    assert terms["neurons"] == exactly((Fraction(14480) * 81 + Fraction(10192) * 52) * PICO / 2)
    per_spike = {"a": Fraction("6.4"), "b": (Fraction("1.7") + 2 * 3) / 3}
    assert terms["messages"] == exactly((8 * per_spike["a"] + 14 * per_spike["b"]) * PICO / 2)
    assert terms["host"] == exactly(500 * Fraction("4.6") * PICO)
    # Latency as worked out in test_latency.
    seconds = (Fraction("28953.4") + 4 * (113 + Fraction(352, 31))) * NANO
    assert terms["static"] == pytest.approx(float(6 * Fraction("0.816e-3") * seconds), rel=1e-14)
    assert energy.total == pytest.approx(sum(terms.values()), rel=1e-15)


def test_message_to_the_next_row_of_tiles_costs_a_hop_north_south() -> None:
    """Core 0 to core 32, which lies one row below on Loihi 1's mesh: one spike, 4.0 pJ."""
    sizes = {"a": 4, "filler": 31 * 1024, "b": 4}
    graph = ChipGraph(
        ChipInput("input", "spikes", (1,)),
        tuple(population(name, (neurons,)) for name, neurons in sizes.items()),
        (DenseProjection("a", "b", np.ones((4, 4), dtype=np.int64)),),
    )
    nothing = [[[0, 0, 0]]]
    _, energy = costed(counted_trace(graph, [[[1, 0, 0]]], nothing, nothing, depth=[0, 0, 1]))
    assert energy.terms["messages"] == exactly(4 * PICO)


def test_terms_are_there_per_layer_and_step() -> None:
    """Each on-chip term is an array [steps, populations] that adds up to the term."""
    _, energy = costed(relay_trace())
    for term, joules in energy.on_chip.items():
        assert joules.shape == (4, 3)
        assert (joules >= 0).all()
        assert joules.sum() == pytest.approx(energy.terms[term], rel=1e-14)
    assert energy.synops[:, 0].sum() == 0.0
    assert energy.messages[:, 2].sum() == 0.0


def test_measured_mnist_run_on_loihi_1() -> None:
    """Neuron floor and SynOps of a published run, 447 nJ per step, within 1 % of its 446 measured.

    Time-to-first-spike CNN for MNIST, 5410 neurons, one spike per neuron and image = 230,064
    SynOps over 651 steps (T = 2^7), every update active. Measured core dynamic power 33.50 mW at
    13.30 us per step: biphasic/Quartz-on-Loihi, CNN/mnist-EDP-plot.ipynb.
    """
    sizes = {"conv6": 3456, "pool6": 864, "conv12": 768, "pool12": 192, "conv120": 120, "fc": 10}
    graph = ChipGraph(
        ChipInput("input", "spikes", (784,)),
        tuple(population(name, (neurons,)) for name, neurons in sizes.items()),
        (),
    )
    steps = 651
    nothing = [0] * len(sizes)
    all_neurons = list(sizes.values())
    trace = counted_trace(
        graph,
        spikes=[[nothing] * steps],
        synops=[[[0, 0, 230_064, 0, 0, 0], *[nothing] * (steps - 1)]],
        active=[[all_neurons] * steps],
        depth=nothing,
    )
    assert trace.neurons.sum() == 5410
    _, energy = costed(trace)
    per_step_j = (energy.terms["neurons"] + energy.terms["synops"]) / steps
    exact = 5410 * Fraction("81e-12") + 230_064 * Fraction("23.6e-12") / 651
    assert per_step_j == pytest.approx(float(exact), rel=1e-14)
    assert round(per_step_j * 1e9) == 447
    assert per_step_j == pytest.approx(33.50e-3 * 13.30e-6, rel=0.01)
