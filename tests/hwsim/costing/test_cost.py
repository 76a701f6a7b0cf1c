"""The report of a trace: the contract's fields, what it says, what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ChipInput, DenseProjection, Readout
from hwsim.chips.chip import Chip
from hwsim.chips.load import load_chip
from hwsim.costing.cost import cost
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.report.model import Report
from tests.cost_example import digits_graph, fired_trace, population, random_trace
from tests.toy_network import toy_chip, toy_trace

CONTRACT = {
    "format": None,
    "network": {"neurons", "synapses", "time_steps"},
    "accuracy": {"trained", "frozen", "chip", "samples"},
    "layers": {
        "name", "neurons", "spikes_per_inference", "spike_rate", "synops_per_inference", "cores",
    },
    "energy_j": {"total", "synops", "neurons", "messages", "static", "chip", "host", "io"},
    "latency_s": {"total", "per_step", "steps", "pipelined_per_s"},
    "chip": {"name", "cores_used", "chips_used", "fits"},
    "energy_range_j": {"low", "nominal", "high"},
    "cores": {"core", "layer", "tile", "synops", "busy_s"},
    "fit": {"layer", "uses", "binds"},
    "sensitivity": {"assumption", "low_j", "high_j"},
    "devices": {"name", "energy_j", "scope"},
    "assumptions": None,
    "sources": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    """A convolutional network with random spikes on Loihi 1."""
    return cost(random_trace(digits_graph()), "loihi1")


def small_chip(**limits: int) -> Chip:
    """Loihi 1 with other limits."""
    chip = load_chip("loihi1")
    changed = {
        key: getattr(chip.limits, key).model_copy(update={"value": value})
        for key, value in limits.items()
    }
    return chip.model_copy(update={"limits": chip.limits.model_copy(update=changed)})


def test_json_has_every_field_of_the_contract(report: Report) -> None:
    """Fields may be added, none may be missing or renamed."""
    stored = json.loads(report.model_dump_json())
    assert stored["format"] == 2
    for field, parts in CONTRACT.items():
        content = stored[field][0] if isinstance(stored[field], list) else stored[field]
        if parts is not None:
            assert parts <= set(content), field
    assert stored["accuracy"] == dict.fromkeys(("trained", "frozen", "chip", "samples"))


def test_network_and_layers_of_the_toy() -> None:
    """Neurons, stored synapses and rates of the case on paper."""
    report = cost(toy_trace(), toy_chip())
    assert report.network.model_dump() == {"neurons": 8, "synapses": 7 + 6, "time_steps": 2}
    a, b, out = report.layers
    assert (a.name, a.cores, a.spikes_per_inference, a.synapses_in) == ("a", 1, 2.5, 0)
    assert (b.spikes_per_inference, b.synops_per_inference, b.synapses_in) == (1.5, 6, 7)
    assert b.spike_rate == pytest.approx(1.5 / 3 / 2)
    assert b.spikes_per_step == (0.5, 1.0)
    assert (out.synapses_in, out.messages_per_inference) == (6, 0)
    assert (report.chip.cores_used, report.chip.tiles_used, report.chip.fits) == (3, 3, True)
    assert report.host_macs == 9
    assert report.simulated_samples == 2
    assert [step.busiest_layer for step in report.steps] == ["a", "a", "b", "a"]


def test_low_and_high_are_all_constants_at_their_ends(report: Report) -> None:
    """The ends are what the chip with all costs at theirs says, and enclose the total."""
    trace, chip = random_trace(digits_graph()), load_chip("loihi1")
    energy, latency = report.energy_range_j, report.latency_range_s
    for end in ("low", "high"):
        there = cost(trace, chip.at(end))
        assert getattr(energy, end) == there.energy_j.total
        assert getattr(latency, end) == there.latency_s.total
    assert energy.low < energy.nominal == report.energy_j.total < energy.high


def test_sensitivities_are_single_constants_at_their_ends(report: Report) -> None:
    """Each row repeats the whole costing with one constant moved; the greatest swing is first."""
    trace, chip = random_trace(digits_graph()), load_chip("loihi1")
    swings = [row.swing_j for row in report.sensitivity]
    assert swings == sorted(swings, reverse=True)
    keys = {key[:-2].replace("_", " "): key for key, c in chip.constants() if c.has_range}
    shown = [row for row in report.sensitivity if row.assumption in keys]
    assert len(shown) >= 6
    for row in shown:
        key = keys[row.assumption]
        for end in ("low", "high"):
            moved = cost(trace, chip.at(end, key)).energy_j.total
            # Of times, each sample's own busiest core is left out of the difference.
            near = 1e-12 if key.endswith("_j") else 0.02
            assert getattr(row, f"{end}_j") == pytest.approx(moved, rel=near), key
    (updates,) = (r for r in report.sensitivity if r.assumption == "active neuron updates")
    assert updates.low_j < report.energy_j.total < updates.high_j


def test_sources_and_assumptions_stand_under_the_numbers(report: Report) -> None:
    """Every priced event names a source of the list; what is left out is said."""
    keys = {source.key for source in report.sources}
    assert {event.source for event in report.events} <= keys
    assert all(source.url.startswith("https://") for source in report.sources)
    assert {row.key for row in report.constants} == {k for k, _ in load_chip("loihi1").constants()}
    text = " ".join(report.assumptions)
    for said in ("estimates", "synaptic memory", "113 ns per step with 1 tile", "T = 4 plus",
                 "time of input and output is left out", "after another"):  # fmt: skip
        assert said in text, said


def test_a_weighted_readout_is_said_and_counted(report: Report) -> None:
    """Read after each step: four times the words, and four MACs per class on the host."""
    trace = random_trace(digits_graph())
    *hidden, last = trace.graph.populations
    kept = replace(last, decay_v=np.array(0))
    readout = Readout(last.name, 1e-4, (1.0, 2.0, 3.0, 4.0))
    graph = replace(trace.graph, populations=(*hidden, kept), readouts=(readout,))
    weighted = cost(replace(trace, graph=graph), "loihi1")
    text = " ".join(weighted.assumptions)
    assert "after each of its 4 steps instead of once" in text
    assert "other importers ignore them" in text
    words = {row.event: row.count_per_inference for row in weighted.events}
    assert words["word out of the chip"] == 40
    assert weighted.host_macs == report.host_macs + 40
    assert not any("readout" in said for said in report.assumptions)


def test_columns_may_come_in_another_order_than_the_graphs_populations() -> None:
    """The emulator sorts populations by what feeds what; each keeps its own numbers."""
    trace = toy_trace()
    first, second, last = trace.graph.populations
    shuffled = replace(trace.graph, populations=(last, first, second))
    assert cost(replace(trace, graph=shuffled), toy_chip()) == cost(trace, toy_chip())


def test_emulated_network_is_costed_by_its_own_spikes() -> None:
    """The emulator's synops equal recorded spikes times fan-out, and reach the report."""
    graph = digits_graph()
    biases = np.random.default_rng(5).integers(0, 90, (6, 16, 8, 8))
    trace = simulate(graph, biases, record=True, count_neurons=True)
    report = cost(trace, "loihi1")
    for projection in graph.projections:
        fired = trace.recordings[projection.source]["s"].reshape(6, 4, -1)
        assert 0.02 < fired.mean() < 0.6
        hit = int((fired @ fan_out(graph, projection)).sum())
        (layer,) = (row for row in report.layers if row.name == projection.target)
        assert layer.synops_per_inference == hit / 6


def test_larger_sample_of_equal_images_costs_the_same() -> None:
    """Energy and time are means: ten copies of the samples change nothing."""
    trace = toy_trace()
    copies: dict[str, Any] = {
        key: np.repeat(getattr(trace, key), 10, axis=0)
        for key in ("spikes", "synops", "active_updates", "messages", "saturations", "wraps")
    }
    for key in ("neuron_spikes", "neuron_active"):
        copies[key] = {name: 10 * each for name, each in getattr(trace, key).items()}
    once, often = cost(trace, "loihi1"), cost(replace(trace, **copies), "loihi1")
    assert often.simulated_samples == 20
    assert often.energy_j.total == pytest.approx(once.energy_j.total, rel=1e-14)
    assert often.latency_s.total == pytest.approx(once.latency_s.total, rel=1e-14)
    assert often.layers[1].spikes_per_inference == once.layers[1].spikes_per_inference


def test_network_too_large_for_the_chips_there_are_is_costed_and_said_not_to_fit() -> None:
    """156 cores on one chip of 128: by how much; the estimate goes on, and two chips hold it."""
    trace = random_trace(digits_graph(), samples=2)
    report = cost(trace, small_chip(neurons_per_core=10), chips=1)
    assert not report.chip.fits
    excess = report.chip.excesses[0]
    assert excess.used > excess.allowed
    assert excess.advice
    assert "as if the chip had room" in report.assumptions[-1]
    two = cost(trace, small_chip(neurons_per_core=10))
    assert two.chip.fits
    assert two.chip.chips_used == 2


def test_input_form_that_the_chip_lacks_is_refused() -> None:
    """Graded payloads exist on Loihi 2 alone."""
    graph = ChipGraph(
        ChipInput("in", "graded", (4,)),
        (population("a", (6,)),),
        (DenseProjection("in", "a", np.ones((6, 4), dtype=np.int64)),),
        time_steps=2,
    )
    fired = {"in": np.ones((1, 2, 4), dtype=np.int64), "a": np.zeros((1, 2, 6), dtype=np.int64)}
    graded = fired_trace(graph, fired, depth={"in": 0, "a": 1})
    with pytest.raises(ChipError, match=r"'loihi1': input form 'graded'.*\(bias, spikes\)"):
        cost(graded, "loihi1")
    report = cost(graded, "loihi2")
    assert "rounding the input to payloads" in " ".join(report.assumptions)
    words = {row.event: row.count_per_inference for row in report.events}
    assert words["word into the chip"] == 8


def test_trace_without_samples_or_of_another_graph_is_refused() -> None:
    """Nothing to average, or counts that belong elsewhere: one line, no report."""
    trace: Trace = toy_trace()
    with pytest.raises(ChipError, match="0 samples"):
        cost(replace(trace, spikes=trace.spikes[:0]), "loihi1")
    renamed = replace(
        trace.graph,
        populations=(*trace.graph.populations[:2], population("other", (2,))),
        projections=trace.graph.projections[:1],
        readouts=(),
    )
    with pytest.raises(ChipError, match="aren't the graph's"):
        cost(replace(trace, graph=renamed), "loihi1")


def test_every_shipped_chip_and_device_is_compared(report: Report) -> None:
    """The run's own chip is the report's; a user's device stands with the others."""
    rows = {row.name: row for row in report.devices}
    assert {"loihi1", "loihi1-fitted", "loihi2", "loihi2-fitted", "cmos45-float32"} <= set(rows)
    assert rows["loihi1"].energy_j == report.energy_range_j
    fitted = cost(random_trace(digits_graph()), "loihi1-fitted")
    assert rows["loihi1-fitted"].latency_s == fitted.latency_s.total
    energy = rows["loihi1-fitted"].energy_j
    assert energy is not None
    assert energy.nominal == fitted.energy_j.total
    assert energy.high == pytest.approx(fitted.energy_range_j.high, rel=0.05)
    with pytest.raises(ChipError, match="no such file"):
        cost(toy_trace(), "loihi1", devices=[Path("nowhere.toml")])


def test_costing_and_reporting_never_import_torch() -> None:
    """A report can be made and drawn where torch isn't installed."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import hwsim.costing.cost, hwsim.report.html, hwsim.report.terminal\n"
        "import hwsim.report.json_file, hwsim.report.markdown, hwsim.report.run_facts\n"
        "heavy = {'torch', 'lightning', 'onnx', 'nir', 'h5py'} & {n for n, m in "
        "sys.modules.items() if m is not None}\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_barrier_has_a_range_of_its_own() -> None:
    """Fitted barriers are several times the published ones: the high end takes them in."""
    trace = toy_trace()
    published, fitted = cost(trace, "loihi1"), cost(trace, "loihi1-fitted")
    assert published.latency_range_s.high > fitted.latency_s.total > published.latency_s.total
    assert "barrier factor" in {row.assumption for row in published.sensitivity}


def test_a_range_of_bandwidths_is_cheap_at_its_high_end() -> None:
    """Slow links make the high end; the row's words say which bandwidth that is."""
    chip = toy_chip()
    links = chip.latency.link_messages_per_s.model_copy(
        update={"value": 20e6, "low": 10e6, "high": 1e9}
    )
    latency = chip.latency.model_copy(update={"link_messages_per_s": links})
    report = cost(toy_trace(), chip.model_copy(update={"latency": latency}))
    times = report.latency_range_s
    assert times.low < times.nominal < times.high
    (row,) = (r for r in report.sensitivity if r.assumption == "link messages")
    assert (row.low, row.high) == ("1.00 G/s", "10.0 M/s")
    assert row.low_j < row.high_j


def test_a_range_on_a_limit_is_no_sensitivity() -> None:
    """A user's file may say that a limit is uncertain; costs don't follow from it."""
    chip = small_chip()
    cores = chip.limits.neurons_per_core.model_copy(update={"low": 512.0, "high": 1024.0})
    limits = chip.limits.model_copy(update={"neurons_per_core": cores})
    report = cost(toy_trace(), chip.model_copy(update={"limits": limits}))
    assert "neurons per core" not in {row.assumption for row in report.sensitivity}


def test_lowest_latency_is_never_longer_than_fewest_cores() -> None:
    """More tiles cost a toy more at the barrier than they save: it stays where it is."""
    fewest = cost(toy_trace(), "loihi1-fitted")
    quick = cost(toy_trace(), "loihi1-fitted", objective="lowest-latency")
    assert quick.latency_s.total <= fewest.latency_s.total
    assert quick.chip.objective == "lowest-latency"
    large = random_trace(digits_graph())
    assert (
        cost(large, "loihi1", objective="lowest-latency").latency_s.total
        < 0.5 * cost(large, "loihi1").latency_s.total
    )


def test_other_chips_keep_the_same_throttle() -> None:
    """A millisecond per step is one on every chip of the comparison."""
    report = cost(toy_trace(), "loihi1", throttle_s=1e-3)
    times = [row.latency_s for row in report.devices if row.kind == "chip"]
    assert times == [pytest.approx(4e-3)] * 4


def test_every_readout_is_read_each_step_where_one_is_weighted() -> None:
    """Both populations' voltages, in each of their two steps."""
    trace = toy_trace()
    *others, b, out = trace.graph.populations
    still = [replace(p, decay_v=np.array(0), threshold=np.array(131071)) for p in (b, out)]
    silent = {**trace.neuron_spikes, "b": np.zeros_like(trace.neuron_spikes["b"])}
    readouts = (Readout("out", 1.0), Readout("b", 1.0, (1.0, 2.0)))
    graph = replace(trace.graph, populations=(*others, *still), readouts=readouts)
    report = cost(replace(trace, graph=graph, neuron_spikes=silent), toy_chip())
    words = {row.event: row.count_per_inference for row in report.events}
    assert words["word out of the chip"] == 2 * (2 + 3)
    assert "readout is weighted per step" in " ".join(report.assumptions)


def test_leakage_of_cores_and_chip_moves_as_one() -> None:
    """Alone, a core's would only move joules to the rest of the chip; never beyond the chip's."""
    trace = random_trace(digits_graph())
    report = cost(trace, "loihi1", objective="lowest-latency")
    (row,) = (r for r in report.sensitivity if r.assumption == "leakage of cores and chips")
    assert (row.low, row.high) == ("29.7 mW per chip", "104 mW per chip")
    watts = 29.7e-3 - 104.4e-3
    assert row.low_j - row.high_j == pytest.approx(watts * report.latency_s.total, rel=0.1)
    assert report.chip.cores_used * 0.38e-3 > 29.7e-3
    lowest = cost(trace, load_chip("loihi1").at("low"), objective="lowest-latency")
    power = (lowest.energy_j.static + lowest.energy_j.chip) / lowest.latency_s.total
    assert power == pytest.approx(29.7e-3 + 16.1e-3, rel=1e-9)
