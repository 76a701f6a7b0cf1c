"""Counts by neuron against the slow oracles, one neuron, step and sample at a time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine import batch_plan, group_run, tensor_neuron
from hwsim.engine.drive import ResetRule
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import COUNTS, Trace
from tests import chip_oracle
from tests.hwsim.engine.test_loops import looped
from tests.small_chip_graphs import chain, diamond, skip, spikes
from tests.window_oracle import window


@pytest.fixture(params=["compiled", "tensors"], autouse=True)
def _walk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of walking through time; the second serves other devices than a CPU."""
    if request.param == "tensors":
        monkeypatch.setattr(group_run, "_walk_on", lambda device: tensor_neuron.advance)


@pytest.fixture
def _three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def assert_counted(
    trace: Trace, graph: ChipGraph, rows: IntArray, *, reset: ResetRule = "staggered"
) -> None:
    """Counts by neuron are the oracle's, added over samples.

    Args:
        trace: counted.
        graph: what was simulated.
        rows: input of each sample and step, [N, T, *shape].
        reset: as simulated.
    """
    fired: dict[str, IntArray] = {}
    active: dict[str, IntArray] = {}
    for sample in rows:
        for name, (u, v, s) in states(graph, sample, reset).items():
            before = np.concatenate((np.zeros_like(u[:1]), (u | v)[:-1]))
            population = graph.population(name)
            bias = np.array([chip_oracle.biases(graph, population, row) for row in sample])
            fired[name] = fired.get(name, np.zeros_like(s)) + s
            active[name] = active.get(name, np.zeros_like(s)) + ((before | u | bias) != 0)
    if graph.input.form != "bias":
        fired[graph.input.name] = (rows != 0).sum(axis=0).reshape(rows.shape[1], -1)
    for counts, expected in ((trace.neuron_spikes, fired), (trace.neuron_active, active)):
        assert counts.keys() == expected.keys()
        for name, values in counts.items():
            assert values.dtype == np.int64
            assert np.array_equal(values, expected[name]), name
    assert all(counts.any() for counts in fired.values())


def states(graph: ChipGraph, rows: IntArray, reset: ResetRule) -> dict[str, list[IntArray]]:
    """u, v and s of each population, [T, neurons], as an oracle has them."""
    names = [population.name for population in graph.populations]
    if reset == "none":
        steps = chip_oracle.run(graph, rows)
        return {name: [getattr(steps, key)[name] for key in "uvs"] for name in names}
    found = window(graph, rows)
    return {name: [found[name][key] for key in "uvs"] for name in names}


def test_windows_of_spikes() -> None:
    """Maps come in C, H, W order, however the emulator holds them; the input's events too."""
    graph, inputs = chain(3).graph(5), spikes(4, 3, 5, 2, 4, 3)
    assert_counted(simulate(graph, inputs, count_neurons=True), graph, inputs)


def test_windows_of_payloads() -> None:
    """Any payload but 0 is one event, a negative one as well."""
    graph = chain(15, "graded").graph(4)
    inputs = np.random.default_rng(16).integers(-2, 4, (3, 4, 2, 4, 3))
    assert (inputs < 0).any()
    assert_counted(simulate(graph, inputs, count_neurons=True), graph, inputs)


@pytest.mark.parametrize("form", ["spikes", "bias"])
def test_constant_inputs_count_in_every_step(form: str) -> None:
    """[N, *shape] is what the same array at each step is; biases are written once then."""
    graph = chain(5, form).graph(4)  # type: ignore[arg-type]
    once = spikes(6, 3, 2, 4, 3) * (1 if form == "spikes" else 250)
    repeated = np.repeat(once[:, None], 4, axis=1)
    constant = simulate(graph, once, count_neurons=True)
    assert_counted(constant, graph, repeated)
    again = simulate(graph, repeated, count_neurons=True)
    assert_counted(again, graph, repeated)
    assert constant.input_writes == 1
    assert again.input_writes == (4 if form == "bias" else 1)


def test_windows_of_a_diamond() -> None:
    """Several projections into one population, and biases per step: no external input counts."""
    graph = diamond(4)
    inputs = np.random.default_rng(3).integers(0, 90, (3, 5, 6))
    trace = simulate(graph, inputs, count_neurons=True)
    assert set(trace.neuron_spikes) == {"a", "left", "right", "end"}
    assert_counted(trace, graph, inputs)


@pytest.mark.parametrize("reset", ["staggered", "none"])
def test_loops(reset: ResetRule) -> None:
    """Populations that walk together, step by step."""
    graph = looped(2, bias=4)
    inputs = spikes(2, 3, 14, 7)
    trace = simulate(graph, inputs, reset=reset, count_neurons=True)
    assert_counted(trace, graph, inputs, reset=reset)


def test_chip_time_goes_on_in_silence() -> None:
    """With reset `none` columns are chip steps, and no event comes after the given ones."""
    graph, inputs = skip(1), spikes(2, 2, 9, 6)
    trace = simulate(graph, inputs, reset="none", steps=12, count_neurons=True)
    padded = np.concatenate((inputs, np.zeros((2, 3, 6), dtype=np.int64)), axis=1)
    assert_counted(trace, graph, padded, reset="none")
    assert not trace.neuron_spikes["in"][9:].any()


def test_more_neurons_than_a_block() -> None:
    """Each block of the compiled walk adds to its own neurons."""
    graph = chain(7).dense(2500, threshold=200, bias=1).graph(3)
    inputs = spikes(8, 2, 3, 2, 4, 3)
    trace = simulate(graph, inputs, count_neurons=True)
    assert_counted(trace, graph, inputs)
    assert trace.neuron_spikes["p2"].shape == (3, 2500)


@pytest.mark.usefixtures("_three_threads")
def test_batches_side_by_side_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads, in batches of any size; everything else is as without these counts."""
    graph = chain(19, "bias").readout(3).graph(5)
    images = np.random.default_rng(20).integers(-50, 300, (40, 2, 4, 3))
    plain, whole = simulate(graph, images), simulate(graph, images, count_neurons=True)
    assert plain.neuron_spikes == plain.neuron_active == {}
    for key in (*COUNTS, "readout", "output_spikes"):
        assert np.array_equal(getattr(plain, key), getattr(whole, key))
    monkeypatch.setattr(batch_plan, "BATCH_BYTES", 1)
    for size in (None, 3, 40):
        parts = simulate(graph, images, count_neurons=True, batch_size=size)
        for column, name in enumerate(whole.populations):
            by_step = {
                "neuron_spikes": whole.spikes[:, :, column].sum(axis=0),
                "neuron_active": whole.active_updates[:, :, column].sum(axis=0),
            }
            for key, total in by_step.items():
                counts = getattr(parts, key)[name]
                assert np.array_equal(counts, getattr(whole, key)[name])
                assert np.array_equal(counts.sum(axis=1), total)


def test_moving_thresholds() -> None:
    """Thresholds of each step are the step's own in these counts too."""
    graph = chain(23).graph(4)
    first, *others = graph.populations
    moving = replace(first, schedule=np.array([40, 300, 90, 20]))
    graph = replace(graph, populations=(moving, *others))
    inputs = spikes(24, 3, 4, 2, 4, 3)
    assert_counted(simulate(graph, inputs, count_neurons=True), graph, inputs)


@pytest.mark.gpu
def test_a_gpu_counts_the_same() -> None:
    """Counts don't depend on the device."""
    graph, inputs = chain(33).graph(5), spikes(34, 7, 5, 2, 4, 3)
    assert_counted(simulate(graph, inputs, count_neurons=True, device="cuda"), graph, inputs)
