"""Thresholds that change from step to step, in the emulator, against a slow oracle."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipGraph, InputForm, IntArray
from export.chip.timing import timing_of
from hwsim.engine import group_run, tensor_neuron
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError
from tests.chip_oracle import run
from tests.hwsim.engine.test_loops import looped
from tests.random_chip_graphs import Chain
from tests.small_chip_graphs import diamond, spikes
from tests.window_oracle import window

STEPS = 6


@pytest.fixture(params=["compiled", "tensors"])
def walk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of walking through time; the second serves other devices than a CPU."""
    if request.param == "tensors":
        monkeypatch.setattr(group_run, "_walk_on", lambda device: tensor_neuron.advance)
    return str(request.param)


def scheduled(graph: ChipGraph, seed: int, *, per_neuron: bool = False) -> ChipGraph:
    """The graph with another threshold at each step, around the constant ones."""
    rng = np.random.default_rng(seed)

    def steps(threshold: IntArray, shape: tuple[int, ...]) -> IntArray:
        drawn = rng.uniform(0.2, 2.5, (STEPS, *(shape if per_neuron else ())))
        moved: IntArray = np.rint(drawn * int(threshold.mean())).astype(np.int64)
        return moved

    populations = tuple(replace(p, schedule=steps(p.threshold, p.shape)) for p in graph.populations)
    return replace(graph, populations=populations, time_steps=STEPS)


def chain(seed: int, form: InputForm = "spikes") -> ChipGraph:
    """Two convolutions and a dense layer, the host's biases before them where the form says so."""
    network = Chain(seed, form, (2, 4, 3))
    if form == "bias":
        network.biased_input(threshold=300)
    network.conv(3, (3, 3), padding=(1, 1), threshold=90, bias=8)
    network.conv(2, (2, 2), threshold=70, decay_u=2000)
    return network.dense(5, threshold=60, delay=0, bias=3).graph()


def constant(graph: ChipGraph) -> ChipGraph:
    """The same without its schedules."""
    return replace(graph, populations=tuple(replace(p, schedule=None) for p in graph.populations))


def assert_equal_on_the_chip(graph: ChipGraph, inputs: IntArray) -> Trace:
    """Samples end to end, each population reset and its schedule begun as its window opens."""
    trace = simulate(graph, inputs, record=True)
    depth = timing_of(graph).depth
    idle = np.zeros((max(depth.values()), *inputs.shape[2:]), dtype=np.int64)
    stream = np.concatenate((inputs.reshape(-1, *inputs.shape[2:]), idle))

    def own_step(name: str, step: int) -> int:
        return (step - 1 - depth[name]) % STEPS

    expected = run(graph, stream, lambda name, step: own_step(name, step) == 0, own_step)
    for k, name in enumerate(trace.populations):
        counts = {"saturations": expected.saturations, "wraps": expected.wraps}
        for sample in range(len(inputs)):
            first = sample * STEPS + depth[name]
            columns = slice(first, first + STEPS)
            for key in "uvs":
                found = trace.recordings[name][key][sample].reshape(STEPS, -1)
                assert np.array_equal(found, getattr(expected, key)[name][columns]), (name, key)
            for key, count in counts.items():
                assert np.array_equal(getattr(trace, key)[sample, :, k], count[name][columns])
            fired = expected.s[name][columns].sum(axis=1)
            assert np.array_equal(trace.spikes[sample, :, k], fired)
        assert expected.s[name].any(), name
    return trace


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize("per_neuron", [False, True])
@pytest.mark.parametrize("form", ["spikes", "bias"])
@pytest.mark.parametrize("seed", range(2))
def test_staggered_windows_of_a_chain(seed: int, form: InputForm, per_neuron: bool) -> None:
    """Each layer's schedule begins when its own window does, depth steps after the first."""
    graph = scheduled(chain(seed, form), seed, per_neuron=per_neuron)
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 2, (3, STEPS, 2, 4, 3)) * (1 if form == "spikes" else 250)
    trace = assert_equal_on_the_chip(graph, inputs)
    flat = simulate(constant(graph), inputs)
    assert (flat.spikes != trace.spikes).any(), "the schedules made no difference"


@pytest.mark.usefixtures("walk")
def test_staggered_windows_of_a_diamond() -> None:
    """Ways that split and meet, driven by payloads."""
    inputs = np.random.default_rng(3).integers(0, 90, (3, STEPS, 6))
    assert_equal_on_the_chip(scheduled(diamond(4), 3), inputs)


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize("seed", range(3))
def test_populations_of_a_loop_keep_their_schedules(seed: int) -> None:
    """They walk together, step by step, each at its own step of the window."""
    graph = scheduled(looped(seed), seed)
    inputs = spikes(seed, 3, STEPS, 7)
    trace = simulate(graph, inputs, record=True)
    assert any(len(group) > 1 for group in timing_of(graph).groups)
    for sample in range(3):
        truth = window(graph, inputs[sample])
        for name, states in truth.items():
            for key, expected in states.items():
                assert np.array_equal(trace.recordings[name][key][sample], expected), (name, key)
    assert trace.spikes.any()


def test_equal_steps_are_the_constant() -> None:
    """A schedule that repeats the threshold changes nothing, to the last count."""
    graph = chain(5)
    populations = tuple(
        replace(p, schedule=np.full(STEPS, int(p.threshold))) for p in graph.populations
    )
    inputs = spikes(6, 4, STEPS, 2, 4, 3)
    repeated = simulate(replace(graph, populations=populations, time_steps=STEPS), inputs)
    once = simulate(replace(graph, time_steps=STEPS), inputs)
    for key in ("spikes", "synops", "active_updates", "saturations", "wraps"):
        np.testing.assert_array_equal(getattr(repeated, key), getattr(once, key))


def test_a_threshold_of_the_field_s_ends() -> None:
    """Mantissa 0 fires at any positive voltage, and the largest at none that v can hold."""
    graph = chain(5)
    ends = np.array([0, 2**17, 0, 2**17, 0, 2**17])
    populations = tuple(replace(p, schedule=ends) for p in graph.populations)
    graph = replace(graph, populations=populations, time_steps=STEPS)
    trace = assert_equal_on_the_chip(graph, spikes(6, 2, STEPS, 2, 4, 3))
    assert not trace.spikes[:, 1::2].any()


def test_chip_time_is_refused() -> None:
    """Steps of the chip belong to no window, so that no schedule could be read."""
    graph = scheduled(chain(0), 0)
    with pytest.raises(SimulationError, match=r"population 'p0': its threshold changes with the"):
        simulate(graph, spikes(0, 1, STEPS, 2, 4, 3), reset="none")


def test_a_threshold_beyond_the_field_is_refused() -> None:
    """In one line with population and value."""
    graph = scheduled(chain(0), 0)
    first, *others = graph.populations
    assert first.schedule is not None
    wrong = replace(first, schedule=np.where(first.schedule == first.schedule[2], -1, 5))
    graph = replace(graph, populations=(wrong, *others))
    with pytest.raises(SimulationError, match=r"population 'p0': schedule -1 lies outside 0"):
        simulate(graph, spikes(0, 1, STEPS, 2, 4, 3))
