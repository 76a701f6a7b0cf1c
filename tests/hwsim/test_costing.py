"""The report of a trace: the contract's fields, the sums that must agree, what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from export.chip.fanout import fan_out
from export.chip.graph import ChipInput, DenseProjection, Readout
from hwsim.chip import load_chip
from hwsim.costing import cost
from hwsim.engine.simulate import simulate
from hwsim.errors import ChipError
from hwsim.report.model import Report
from tests.cost_example import digits_graph, population, random_trace, relay_trace

CONTRACT = {
    "format": None,
    "network": {"neurons", "synapses", "time_steps"},
    "accuracy": {"trained", "frozen", "chip", "samples"},
    "layers": {
        "name", "neurons", "spikes_per_inference", "spike_rate", "synops_per_inference", "cores",
    },
    "energy_j": {"total", "synops", "neurons", "messages", "static", "host"},
    "latency_s": {"total", "per_step", "steps"},
    "chip": {"name", "cores_used", "fits"},
    "assumptions": None,
    "sources": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    """The relay on Loihi 1."""
    return cost(relay_trace(), "loihi1")


def test_json_has_every_field_of_the_contract(report: Report) -> None:
    """Fields may be added, none may be missing or renamed."""
    stored = json.loads(report.model_dump_json())
    assert stored["format"] == 1
    for field, parts in CONTRACT.items():
        content = stored[field][0] if isinstance(stored[field], list) else stored[field]
        if parts is not None:
            assert parts <= set(content)
    assert stored["accuracy"] == dict.fromkeys(("trained", "frozen", "chip", "samples"))


def test_network_and_layers_are_counted(report: Report) -> None:
    """Neurons, stored synapses and rates of the case on paper."""
    assert report.network.model_dump() == {
        "neurons": 1025 + 2049 + 10,
        "synapses": 1025 * 2049 + 2049 * 10,
        "time_steps": 2,
    }
    a, b, out = report.layers
    assert (a.name, a.cores, a.spikes_per_inference, a.synapses_in) == ("a", 2, 4.0, 0)
    assert (b.name, b.cores, b.spikes_per_inference, b.synops_per_inference) == ("b", 3, 7.0, 8196)
    assert b.spike_rate == pytest.approx(7 / 2049 / 2)
    assert b.spikes_per_step == (3.5, 3.5)
    assert out.synapses_in == 20490
    assert (report.chip.cores_used, report.chip.tiles_used, report.chip.fits) == (6, 2, True)
    assert report.host_macs == 500
    assert report.simulated_samples == 2


def test_every_breakdown_adds_up_to_the_total(report: Report) -> None:
    """Terms, layers with the host, chip steps with the host, and priced events agree."""
    total = report.energy_j.total
    host = report.energy_j.host
    terms = ("synops", "neurons", "messages", "static")
    assert total == pytest.approx(host + sum(getattr(report.energy_j, t) for t in terms))
    for rows in (report.layers, report.steps):
        by_row = sum(getattr(row.energy_j, term) for row in rows for term in terms)
        assert by_row + host == pytest.approx(total, rel=1e-13)
    assert sum(event.energy_j for event in report.events) == pytest.approx(total, rel=1e-13)
    assert sum(step.latency_s for step in report.steps) == pytest.approx(report.latency_s.total)
    assert report.latency_s.per_step * 4 == pytest.approx(report.latency_s.total)
    assert [step.busiest_layer for step in report.steps] == ["a", "b", "b", "a"]


def test_events_are_counted_as_routed(report: Report) -> None:
    """8 spikes of `a` make 2 in-tile messages and 1 hop each, 14 of `b` a third and two thirds."""
    counts = {event.event: event.count_per_inference for event in report.events}
    assert counts["synaptic operation"] == 16532 / 2
    assert counts["neuron update, active"] == 14480 / 2
    assert counts["neuron update, inactive"] == 10192 / 2
    assert counts["message within a tile"] == pytest.approx((8 * 2 + 14 / 3) / 2)
    assert counts["hop between tiles, east-west"] == pytest.approx((8 + 14 * 2 / 3) / 2)
    assert counts["hop between tiles, north-south"] == 0
    assert counts["core leaking for one inference"] == 6
    assert counts["multiply-accumulate on the host"] == 500


def test_sources_and_assumptions_stand_under_the_numbers(report: Report) -> None:
    """Every priced event names a source of the list; what is left out is said."""
    keys = {source.key for source in report.sources}
    assert {event.source for event in report.events} <= keys
    assert len(report.constants) == 28
    text = " ".join(report.assumptions)
    for said in ("estimates", "synaptic memory", "113 ns at 1 tile", "Manhattan", "T = 2 plus"):
        assert said in text


def test_a_weighted_readout_is_said(report: Report) -> None:
    """Read after each step, at no cost counted, and weighted by us alone in NIR."""
    trace = random_trace(digits_graph())
    *hidden, last = trace.graph.populations
    kept = replace(last, decay_v=np.array(0))
    readout = Readout(last.name, 1e-4, (1.0, 2.0, 3.0, 4.0))
    graph = replace(trace.graph, populations=(*hidden, kept), readouts=(readout,))
    text = " ".join(cost(replace(trace, graph=graph), "loihi1").assumptions)
    assert "after each of its 4 steps instead of once" in text
    assert "other importers ignore them" in text
    for unweighted in (report, cost(trace, "loihi1")):
        assert not any("readout" in said for said in unweighted.assumptions)


def test_columns_may_come_in_another_order_than_the_graphs_populations() -> None:
    """The emulator sorts populations by what feeds what; each keeps its own numbers."""
    trace = relay_trace()
    first, second, last = trace.graph.populations
    shuffled = replace(trace.graph, populations=(last, first, second))
    assert cost(replace(trace, graph=shuffled), "loihi1") == cost(trace, "loihi1")


def test_emulated_network_is_costed_by_its_own_spikes() -> None:
    """The emulator's synops equal recorded spikes times fan-out, and reach the report."""
    graph = digits_graph()
    biases = np.random.default_rng(5).integers(0, 90, (6, 16, 8, 8))
    trace = simulate(graph, biases, record=True)
    report = cost(trace, "loihi1")
    for projection in graph.projections:
        fired = trace.recordings[projection.source]["s"].reshape(6, 4, -1)
        assert 0.02 < fired.mean() < 0.6
        hit = int((fired @ fan_out(graph, projection)).sum())
        (layer,) = (row for row in report.layers if row.name == projection.target)
        assert layer.synops_per_inference == hit / 6


def test_larger_sample_of_equal_images_costs_the_same() -> None:
    """Energy and time are means: ten copies of the samples change nothing."""
    trace = relay_trace()
    copies: dict[str, Any] = {
        key: np.repeat(getattr(trace, key), 10, axis=0)
        for key in ("spikes", "synops", "active_updates", "messages", "saturations", "wraps")
    }
    once, often = cost(trace, "loihi1"), cost(replace(trace, **copies), "loihi1")
    assert often.simulated_samples == 20
    assert often.energy_j.total == pytest.approx(once.energy_j.total, rel=1e-14)
    assert often.latency_s.total == pytest.approx(once.latency_s.total, rel=1e-14)
    assert often.layers[1].spikes_per_inference == once.layers[1].spikes_per_inference


def test_network_too_large_is_costed_and_said_not_to_fit() -> None:
    """130 cores on 128: the report says so, by how much, and that the estimate goes on."""
    graph = digits_graph()
    small = load_chip("loihi1")
    limits = small.limits.model_copy(
        update={"neurons_per_core": small.limits.neurons_per_core.model_copy(update={"value": 10})}
    )
    report = cost(random_trace(graph, samples=2), small.model_copy(update={"limits": limits}))
    assert not report.chip.fits
    (excess,) = report.chip.excesses
    assert (excess.limit, excess.used, excess.allowed) == ("cores", 103 + 52 + 1, 128)
    assert "cores 156 exceed 128 by 28" in report.assumptions[-1]


def test_input_form_that_the_chip_lacks_is_refused() -> None:
    """Graded payloads exist on Loihi 2 alone."""
    trace = relay_trace()
    graph = replace(
        trace.graph,
        input=ChipInput("in", "graded", (4,)),
        projections=(
            DenseProjection("in", "a", np.ones((1025, 4), dtype=np.int64)),
            *trace.graph.projections,
        ),
    )
    graded = replace(trace, graph=graph)
    with pytest.raises(ChipError, match=r"'loihi1': input form 'graded'.*\(bias, spikes\)"):
        cost(graded, "loihi1")
    text = " ".join(cost(graded, "loihi2").assumptions)
    assert "Sending the input's spikes to the chip is left out" in text


def test_trace_without_samples_or_of_another_graph_is_refused() -> None:
    """Nothing to average, or counts that belong elsewhere: one line, no report."""
    trace = relay_trace()
    with pytest.raises(ChipError, match="0 samples"):
        cost(replace(trace, spikes=trace.spikes[:0]), "loihi1")
    renamed = replace(
        trace.graph,
        populations=(*trace.graph.populations[:2], population("other", (10,))),
        projections=trace.graph.projections[:1],
    )
    with pytest.raises(ChipError, match="aren't the graph's"):
        cost(replace(trace, graph=renamed), "loihi1")


def test_costing_and_reporting_never_import_torch() -> None:
    """A report can be made and drawn where torch isn't installed."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import hwsim.costing, hwsim.report.html, hwsim.report.terminal, hwsim.report.json_file\n"
        "import hwsim.report.run_facts\n"
        "heavy = {'torch', 'lightning', 'onnx', 'nir', 'h5py'} & {n for n, m in "
        "sys.modules.items() if m is not None}\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
