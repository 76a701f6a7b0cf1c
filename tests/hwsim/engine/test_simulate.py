"""The batched emulator against a slow one that walks the chip step by step, synapse by synapse."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
)
from hwsim.engine import batch_plan
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import COUNTS, Trace
from tests.chip_oracle import Steps, run
from tests.random_chip_graphs import Chain
from tests.small_chip_graphs import chain, diamond, population, skip, spikes


def assert_equal(trace: Trace, sample: int, expected: Steps, columns: slice | None = None) -> None:
    """Every state and count of one sample equals the oracle's steps `columns`."""
    for k, name in enumerate(trace.populations):
        part = columns if columns is not None else slice(None)
        begin = part.start or 0
        lag = int(trace.depth[k]) if columns is not None else 0
        steps = slice(begin + lag, begin + lag + trace.time_steps)
        for key in "uvs":
            recorded = trace.recordings[name][key][sample].reshape(trace.time_steps, -1)
            assert np.array_equal(recorded, getattr(expected, key)[name][steps]), (name, key)
        counts = {
            "spikes": expected.s[name].sum(axis=1),
            "synops": expected.synops[name],
            "active_updates": expected.active[name],
            "messages": expected.s[name].sum(axis=1) * len(trace.graph.outgoing(name)),
            "saturations": expected.saturations[name],
            "wraps": expected.wraps[name],
        }
        for key, count in counts.items():
            assert np.array_equal(getattr(trace, key)[sample, :, k], count[steps]), (name, key)


def assert_windows_equal_the_chip(graph: ChipGraph, inputs: IntArray) -> None:
    """Samples laid end to end on a chip that resets each population as its window opens."""
    window = inputs.shape[1]
    trace = simulate(graph, inputs, record=True)
    depth = dict(zip(trace.populations, trace.depth.tolist(), strict=True))
    idle = np.zeros((max(depth.values()), *inputs.shape[2:]), dtype=np.int64)
    stream = np.concatenate((inputs.reshape(-1, *inputs.shape[2:]), idle))
    expected = run(graph, stream, lambda name, step: (step - 1 - depth[name]) % window == 0)
    assert expected.s[trace.populations[-1]].any()
    for sample in range(len(inputs)):
        assert_equal(trace, sample, expected, slice(sample * window, None))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_windows_of_spikes(seed: int, window: int) -> None:
    """The staggered windows are what a chip computes that is fed sample after sample."""
    network = chain(seed).graph(window)
    inputs = spikes(seed, 4, window, 2, 4, 3)
    trace = simulate(network, inputs, record=True)
    depth = dict(zip(trace.populations, trace.depth.tolist(), strict=True))
    assert depth == {"p0": 1, "p1": 2}
    stream = np.concatenate((inputs.reshape(-1, 2, 4, 3), np.zeros((2, 2, 4, 3), dtype=np.int64)))
    expected = run(network, stream, lambda name, step: (step - 1 - depth[name]) % window == 0)
    for sample in range(4):
        assert_equal(trace, sample, expected, slice(sample * window, None))


def test_windows_of_biases() -> None:
    """Bias-driven, one row per step: depth 0 for the input population."""
    inputs = np.random.default_rng(1).integers(-50, 300, (3, 6, 2, 4, 3))
    assert_windows_equal_the_chip(chain(2, "bias").graph(6), inputs)


def test_windows_of_a_diamond() -> None:
    """Ways of equal length may split and meet: their sums are added."""
    inputs = np.random.default_rng(3).integers(0, 90, (3, 5, 6))
    assert_windows_equal_the_chip(diamond(4), inputs)


def test_constant_biases_equal_repeated_ones() -> None:
    """[N, *shape] means the same array at every step."""
    graph = chain(5, "bias").graph(7)
    images = np.random.default_rng(6).integers(-50, 300, (3, 2, 4, 3))
    repeated = np.repeat(images[:, None], 7, axis=1)
    assert_same(simulate(graph, images, record=True), simulate(graph, repeated, record=True))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32))
def test_raw_time_of_a_skip_with_delays(seed: int) -> None:
    """Without resets any acyclic graph runs, one step of lag per projection plus its delays."""
    graph, inputs = skip(seed), spikes(seed + 1, 2, 12, 6)
    trace = simulate(graph, inputs, reset="none", record=True)
    assert trace.populations == ("mid", "end")
    assert trace.depth.tolist() == [0, 0]
    for sample in range(2):
        assert_equal(trace, sample, run(graph, inputs[sample]))


def test_raw_time_of_biases() -> None:
    """Constant biases charge all populations from chip step 1 on."""
    graph = chain(7, "bias").graph()
    images = np.random.default_rng(8).integers(-50, 300, (2, 2, 4, 3))
    trace = simulate(graph, images, reset="none", steps=9, record=True)
    for sample in range(2):
        assert_equal(trace, sample, run(graph, np.repeat(images[sample : sample + 1], 9, axis=0)))


def test_silence_follows_given_spikes() -> None:
    """More steps than inputs show the answers that are still under way."""
    graph, inputs = chain(9).graph(), spikes(10, 1, 4, 2, 4, 3)
    trace = simulate(graph, inputs, reset="none", steps=8, record=True)
    padded = np.concatenate((inputs[0], np.zeros_like(inputs[0])))
    assert_equal(trace, 0, run(graph, padded))


@pytest.mark.parametrize("reset", ["none", "staggered"])
def test_a_population_that_feeds_itself(reset: str) -> None:
    """Its spikes return one step later, in either mode; each sample starts from silence."""
    network = Chain(11, "spikes", (8,))
    graph = network.dense(6, threshold=90, feedback=(-60, 61), decay_u=2000).graph()
    inputs = spikes(12, 3, 10, 8)
    trace = simulate(graph, inputs, reset=reset, record=True)  # type: ignore[arg-type]
    for sample in range(3):
        padded = np.concatenate((inputs[sample], np.zeros((1, 8), dtype=np.int64)))
        expected = run(graph, padded)
        assert expected.s["p0"].any()
        if reset == "none":
            assert_equal(trace, sample, run(graph, inputs[sample]))
        else:
            assert_equal(trace, sample, expected, slice(0, None))


def test_loops_with_delays_in_raw_time() -> None:
    """A delayed spike onto its own population takes 1 + delay steps."""
    network = Chain(13, "spikes", (5,)).dense(4, threshold=60, feedback=(-40, 61))
    graph = network.graph()
    forward, back = graph.projections
    assert isinstance(back, DenseProjection)
    slow = replace(back, delay=np.arange(16).reshape(4, 4) % 5)
    graph = replace(graph, projections=(forward, slow))
    inputs = spikes(14, 1, 12, 5)
    trace = simulate(graph, inputs, reset="none", record=True)
    assert_equal(trace, 0, run(graph, inputs[0]))


def test_graded_payloads() -> None:
    """Integers of either sign multiply the weights; an event is any payload but 0."""
    graph = chain(15, "graded").graph(4)
    inputs = np.random.default_rng(16).integers(-5, 9, (2, 4, 2, 4, 3))
    trace = simulate(graph, inputs, record=True)
    idle = np.zeros((2, 2, 4, 3), dtype=np.int64)
    for sample in range(2):
        expected = run(
            graph,
            np.concatenate((inputs[sample], idle)),
            lambda name, t: t == 1 + int(name == "p1") + 1,
        )
        assert_equal(trace, sample, expected, slice(0, None))


def test_states_out_of_range_are_counted() -> None:
    """Wraps and saturations are the oracle's, neuron by neuron."""
    network = Chain(17, "spikes", (30,))
    graph = network.dense(6, threshold=131070, weights=(100, 255), decay_u=0, decay_v=0).graph()
    inputs = spikes(18, 1, 90, 30)
    trace = simulate(graph, inputs, reset="none", record=True)
    assert trace.wraps.sum() > 0
    assert trace.saturations.sum() > 0
    assert_equal(trace, 0, run(graph, inputs[0]))


def assert_same(first: Trace, second: Trace) -> None:
    """Two traces agree in every array."""
    for name in (*COUNTS, "readout", "output_spikes", "neurons", "depth"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    for name, states in first.recordings.items():
        for key, values in states.items():
            assert np.array_equal(values, second.recordings[name][key]), (name, key)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, some at a time or as memory decides; progress is told after each batch."""
    graph = chain(19, "bias").readout(3).graph(5)
    images = np.random.default_rng(20).integers(-50, 300, (7, 2, 4, 3))
    whole = simulate(graph, images, record=True)
    done: list[int] = []
    assert_same(whole, simulate(graph, images, record=True, batch_size=3, on_batch=done.append))
    assert done == [3, 6, 7]
    monkeypatch.setattr(batch_plan, "BATCH_BYTES", 1)
    done.clear()
    assert_same(whole, simulate(graph, images, record=True, on_batch=done.append))
    assert done == list(range(1, 8))


def test_the_readout_is_the_last_voltage() -> None:
    """Logits come from the voltage at the window's last step; output spikes are summed over it."""
    graph = chain(21, "bias").readout(3).graph(5)
    images = np.random.default_rng(22).integers(-50, 300, (4, 2, 4, 3))
    trace = simulate(graph, images, record=True)
    assert np.array_equal(trace.readout, trace.recordings["p3"]["v"][:, -1])
    assert trace.readout.any()
    bare = simulate(replace(graph, readouts=()), images, record=True)
    assert bare.readout.shape == (4, 0)
    assert np.array_equal(bare.output_spikes, bare.recordings["p3"]["s"].sum(axis=1))


def test_groups_and_geometry_in_a_whole_network() -> None:
    """A grouped, strided, dilated convolution in raw time equals the slow chip."""
    rng = np.random.default_rng(31)
    projection = ConvProjection(
        "in", "maps", rng.integers(-30, 60, (4, 1, 2, 3)), (2, 1), (1, 2), (1, 2), groups=2
    )
    graph = ChipGraph(
        ChipInput("in", "spikes", (2, 5, 4)),
        (population("maps", (4, 3, 4), threshold=30),),
        (projection,),
    )
    inputs = spikes(32, 1, 8, 2, 5, 4)
    assert_equal(simulate(graph, inputs, reset="none", record=True), 0, run(graph, inputs[0]))


@pytest.mark.gpu
def test_a_gpu_computes_the_same() -> None:
    """Exactness doesn't depend on the device."""
    graph = chain(33, "bias").readout(3).graph(5)
    images = np.random.default_rng(34).integers(-50, 300, (7, 2, 4, 3))
    on_cpu = simulate(graph, images, record=True)
    assert_same(on_cpu, simulate(graph, images, record=True, device="cuda"))
