"""The emulator equals live Lava in every u, v and spike, on every kind of network netx can hold.

All files run in one Lava process. A case only counts if its networks live: every population fires
in 2 to 60 % of its neuron-steps, except readouts, which never fire by design.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.chip.graph import ChipGraph, InputForm, IntArray
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from hwsim.engine.drive import ResetRule
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.compare import compare
from hwsim.lava.environment import require_lava, site_packages
from hwsim.lava.job import LavaJob, LavaRun
from hwsim.lava.runner import run_lava_jobs
from tests.random_chip_graphs import Chain, integers

LIVELY = (0.02, 0.60)


@dataclass(frozen=True)
class Case:
    """A network, its inputs and how both simulators run it.

    Args:
        graph: what is written to a file first, or the path of a file from Lava's own wheel.
        inputs: as the emulator takes them.
        time_steps: T for staggered resets; None runs a single stream without resets.
        steps: of a run without resets.
        rewrite: changes the file's spelling, not its meaning, after it was written.
        provokes: counts of the trace that mustn't be zero.
    """

    graph: ChipGraph | str
    inputs: IntArray
    time_steps: int | None = None
    steps: int | None = None
    rewrite: Callable[[Path], None] | None = None
    provokes: tuple[str, ...] = ()

    def file(self, folder: Path, name: str) -> Path:
        """The netx file."""
        if isinstance(self.graph, str):
            return site_packages() / "tests" / "lava" / "lib" / "dl" / "netx" / self.graph
        path = folder / f"{name}.net"
        write_netx(self.graph, path)
        if self.rewrite is not None:
            self.rewrite(path)
        return path

    def job(self, path: Path) -> LavaJob:
        """What Lava runs."""
        form = read_netx(path).input.form
        bits = 8 if form == "graded" else 0
        if self.time_steps is not None:
            return LavaJob(path, self.inputs, time_steps=self.time_steps, input_message_bits=bits)
        return LavaJob(path, self._stream(form), "none", steps=self.steps, input_message_bits=bits)

    def trace(self, path: Path) -> Trace:
        """What the emulator computes, from the file as it reads back."""
        reset: ResetRule = "none" if self.time_steps is None else "staggered"
        network = replace(read_netx(path), time_steps=self.time_steps)
        return simulate(network, self.inputs, reset=reset, steps=self.steps, record=True)

    def _stream(self, form: InputForm) -> IntArray:
        constant = form == "bias" and self.steps is not None
        return self.inputs if constant else self.inputs[0]


def biases(seed: int, *shape: int, low: int = -600, high: int = 2400) -> IntArray:
    """Bias mantissas for N samples."""
    return integers(np.random.default_rng(seed).integers(low, high, shape))


def per_channel(*values: int) -> IntArray:
    """One bias per channel, (C, 1, 1)."""
    return integers(values)[:, None, None]


def spikes(seed: int, *shape: int, rate: float = 0.3) -> IntArray:
    """Binary spikes [N, T, ...]."""
    return integers(np.random.default_rng(seed).random(shape) < rate)


def digits_like() -> Case:
    """Bias-driven, two convolutions, readout, samples end to end: the digits recipe's shape."""
    chain = Chain(1, "bias", (4, 8, 8)).biased_input(threshold=1500)
    chain.conv(6, (3, 3), threshold=350, padding=(1, 1), bias=per_channel(20, -30, 0, 55, 7, -9))
    chain.conv(8, (6, 6), threshold=400, stride=(2, 2), padding=(2, 2))
    return Case(chain.readout(5).graph(), biases(2, 7, 4, 8, 8), time_steps=4)


def one_step_windows() -> Case:
    """T = 1: every layer is reset at every step."""
    chain = Chain(3, "bias", (20,)).biased_input(threshold=900)
    chain.dense(16, threshold=130).dense(12, threshold=50)
    return Case(chain.graph(), biases(4, 25, 20), time_steps=1)


def biases_that_change_within_a_window() -> Case:
    """One row of biases per step, and resets."""
    chain = Chain(5, "bias", (2, 5, 4)).biased_input(threshold=2500)
    chain.conv(5, (2, 3), threshold=120).dense(9, threshold=120)
    return Case(chain.graph(), biases(6, 4, 6, 2, 5, 4), time_steps=6)


def constant_bias_without_resets() -> Case:
    """Biases charge every layer from chip step 1 on."""
    chain = Chain(7, "bias", (2, 6, 5)).biased_input(threshold=3000)
    chain.conv(4, (3, 2), threshold=350, bias=per_channel(60, 30, 0, -10))
    chain.dense(11, threshold=400, bias=50)
    return Case(chain.graph(), biases(8, 1, 2, 6, 5), steps=30)


def stepwise_bias_without_resets() -> Case:
    """Up to the whole int16 range."""
    chain = Chain(9, "bias", (24,)).biased_input(threshold=30000)
    chain.dense(15, threshold=100, weights=(-40, 70))
    return Case(chain.graph(), biases(10, 1, 40, 24, low=-32767, high=32768))


def convolution_geometry() -> Case:
    """Groups, strides, paddings and dilations that differ between rows and columns."""
    chain = Chain(11, "spikes", (6, 11, 9))
    chain.conv(4, (3, 2), threshold=150, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
    chain.conv(8, (2, 3), threshold=50, padding=(2, 0), dilation=(2, 1), groups=4)
    chain.conv(6, (1, 4), threshold=80, stride=(1, 3), padding=(0, 1))
    return Case(chain.graph(), spikes(12, 1, 25, 6, 11, 9))


def per_neuron_parameters() -> Case:
    """Each neuron its own decays, threshold and bias, in convolution and dense layer alike."""
    rng = np.random.default_rng(13)

    def drawn(low: int, high: int, *shape: int) -> IntArray:
        return integers(rng.integers(low, high, shape))

    chain = Chain(14, "spikes", (2, 6, 7))
    chain.conv(
        3, (3, 3), threshold=drawn(100, 900, 3, 4, 5), bias=drawn(-30, 40, 3, 4, 5),
        decay_u=drawn(0, 4097, 3, 4, 5), decay_v=drawn(0, 4097, 3, 4, 5),
    )  # fmt: skip
    chain.dense(
        17, threshold=drawn(100, 900, 17), bias=drawn(-30, 40, 17),
        decay_u=drawn(0, 4097, 17), decay_v=drawn(0, 4097, 17),
    )  # fmt: skip
    return Case(chain.graph(), spikes(15, 1, 30, 2, 6, 7, rate=0.2))


def dense_mixed_signs() -> Case:
    """Odd and extreme weights of both signs, currents that decay slowly."""
    chain = Chain(16, "spikes", (30,))
    chain.dense(25, threshold=2500, weights=(-256, 255), decay_u=1000)
    chain.dense(20, threshold=400, weights=(-101, 140), decay_u=3000)
    return Case(chain.graph(), spikes(17, 1, 40, 30))


def dense_all_positive() -> Case:
    """No negative weight: another sign mode and weight exponent."""
    chain = Chain(18, "spikes", (30,))
    chain.dense(25, threshold=2500, weights=(0, 255)).dense(12, threshold=300, weights=(0, 37))
    return Case(chain.graph(), spikes(19, 1, 40, 30, rate=0.15))


def dense_all_negative() -> Case:
    """No positive weight; biases make the neurons fire."""
    chain = Chain(20, "spikes", (30,))
    chain.dense(25, threshold=2000, weights=(-201, -1), bias=1200)
    chain.dense(12, threshold=900, weights=(-77, 1), bias=500)
    return Case(chain.graph(), spikes(21, 1, 40, 30, rate=0.25))


def dense_delay_per_synapse() -> Case:
    """Every synapse its own delay, up to the limit of 62 steps."""
    rng = np.random.default_rng(22)
    chain = Chain(23, "spikes", (18,))
    chain.dense(15, threshold=150, delay=rng.choice([0, 1, 2, 7, 30, 62], (15, 18)))
    chain.dense(11, threshold=150, delay=rng.integers(0, 5, (11, 15)))
    return Case(chain.graph(), spikes(24, 1, 90, 18))


def dense_delay_per_output() -> Case:
    """One delay per output neuron, spelt in the file as a vector."""
    chain = Chain(25, "spikes", (18,))
    chain.dense(13, threshold=150, delay=np.arange(13)[:, None] % 6)
    chain.dense(10, threshold=100)

    def as_vector(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            layer = next(file["layer"][k] for k in file["layer"] if "delay" in file["layer"][k])
            delay = layer["delay"][:, 0]
            del layer["delay"]
            layer["delay"] = delay

    return Case(chain.graph(), spikes(26, 1, 40, 18), rewrite=as_vector)


def dense_feeding_itself() -> Case:
    """A recurrent layer: both matrices are quantised together, its spikes return a step later."""
    chain = Chain(27, "spikes", (20,))
    chain.dense(16, threshold=400, weights=(-50, 90), feedback=(-120, 61), decay_u=2500)
    chain.dense(8, threshold=250)
    return Case(chain.graph(), spikes(28, 1, 50, 20))


def states_out_of_range() -> Case:
    """Currents that wrap at 24 bits and voltages that saturate, both ways."""
    chain = Chain(29, "graded", (40,))
    chain.dense(30, threshold=90000, weights=(-256, 255), decay_u=200, decay_v=50)
    chain.dense(20, threshold=2500, weights=(-256, 255), decay_u=0)
    inputs = np.random.default_rng(30).integers(0, 61, (1, 80, 40))
    return Case(chain.graph(), integers(inputs), provokes=("wraps", "saturations"))


def currents_far_out_of_range() -> Case:
    """The wrap is one correction, not a modulo: beyond it, u stays outside 24 bits."""
    chain = Chain(41, "graded", (40,))
    chain.dense(30, threshold=90000, weights=(-256, 255), decay_u=900, decay_v=50)
    chain.dense(20, threshold=3000, weights=(-200, 255))
    inputs = np.random.default_rng(42).integers(-3000, 3001, (1, 30, 40))
    return Case(chain.graph(), integers(inputs), provokes=("wraps", "saturations"))


def convolution_sums_that_wrap() -> Case:
    """Lava's convolution wraps its sums at 24 bits before they reach u."""
    chain = Chain(43, "graded", (2, 6, 6))
    chain.conv(4, (3, 3), threshold=90000, weights=(-256, 255), decay_u=4000)
    chain.conv(3, (2, 2), threshold=150)
    inputs = np.random.default_rng(44).integers(-20000, 20001, (1, 40, 2, 6, 6))
    return Case(chain.graph(), integers(inputs), provokes=("wraps", "saturations"))


def currents_on_the_edge() -> Case:
    """Sums of exactly +-2^23 in state units: the first stays, the second becomes the first."""
    chain = Chain(45, "graded", (6,))
    chain.dense(20, threshold=131000).dense(8, threshold=100)
    rng = np.random.default_rng(46)
    coarse = integers(128 * rng.integers(-2, 2, (20, 6)))
    chain.projections[0] = replace(chain.projections[0], weight=coarse)
    inputs = integers(1024 * rng.integers(-1, 2, (1, 30, 6)))
    return Case(chain.graph(), inputs, provokes=("wraps", "saturations"))


def voltages_on_the_threshold() -> Case:
    """Small integers and no leak: v often equals the threshold, and doesn't fire then."""
    chain = Chain(47, "spikes", (12,))
    chain.dense(20, threshold=3, weights=(-2, 3), decay_v=0)
    chain.dense(15, threshold=2, weights=(-1, 3), decay_v=0)
    return Case(chain.graph(), spikes(48, 1, 40, 12))


def graded_payloads() -> Case:
    """Integer inputs of either sign into a convolution."""
    chain = Chain(31, "graded", (2, 7, 6))
    chain.conv(4, (3, 3), threshold=12000, padding=(1, 1)).dense(10, threshold=900)
    inputs = np.random.default_rng(32).integers(-100, 128, (1, 30, 2, 7, 6))
    return Case(chain.graph(), integers(inputs))


def graded_payloads_into_dense() -> Case:
    """Integer inputs into a dense layer."""
    chain = Chain(33, "graded", (21,))
    chain.dense(14, threshold=20000, weights=(-128, 128)).dense(10, threshold=150)
    inputs = np.random.default_rng(34).integers(0, 256, (3, 9, 21))
    return Case(chain.graph(), integers(inputs), time_steps=9)


def spike_samples() -> Case:
    """Spikes, samples end to end: the first synapses add one step of lag."""
    chain = Chain(35, "spikes", (2, 8, 7))
    chain.conv(5, (3, 3), threshold=250, stride=(2, 2), decay_u=2048)
    chain.dense(14, threshold=250, decay_u=1500)
    return Case(chain.readout(4).graph(), spikes(36, 6, 7, 2, 8, 7), time_steps=7)


def flat_from_maps() -> Case:
    """A (C, H, W) input straight into a dense layer."""
    chain = Chain(37, "spikes", (2, 3, 4))
    chain.dense(15, threshold=200).dense(12, threshold=150)
    return Case(chain.graph(), spikes(38, 5, 6, 2, 3, 4), time_steps=6)


def lavas_own_tiny_net() -> Case:
    """A convolutional network that SLAYER exported."""
    return Case("tiny.net", biases(39, 4, 3, 16, 16, low=-20, high=30), time_steps=16)


def lavas_own_mnist_net() -> Case:
    """A trained 784-512-512-10 network."""
    return Case("mnist.net", biases(40, 3, 784, low=-30, high=40), time_steps=12)


CASES = (
    digits_like, one_step_windows, biases_that_change_within_a_window,
    constant_bias_without_resets, stepwise_bias_without_resets, convolution_geometry,
    per_neuron_parameters, dense_mixed_signs, dense_all_positive, dense_all_negative,
    dense_delay_per_synapse, dense_delay_per_output, dense_feeding_itself, states_out_of_range,
    currents_far_out_of_range, convolution_sums_that_wrap, currents_on_the_edge,
    voltages_on_the_threshold,
    graded_payloads, graded_payloads_into_dense, spike_samples, flat_from_maps,
    lavas_own_tiny_net, lavas_own_mnist_net,
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Case, LavaRun]]:
    """Every case through one Lava process."""
    require_lava()
    folder = tmp_path_factory.mktemp("nets")
    cases = {make.__name__: make() for make in CASES}
    files = {name: case.file(folder, name) for name, case in cases.items()}
    answers = run_lava_jobs([case.job(files[name]) for name, case in cases.items()], timeout_s=300)
    return {name: (files[name], cases[name], run) for name, run in zip(cases, answers, strict=True)}


@pytest.mark.parametrize("name", [make.__name__ for make in CASES])
def test_emulator_equals_lava(name: str, runs: dict[str, tuple[Path, Case, LavaRun]]) -> None:
    """Every u, v and spike of every population at every step."""
    path, case, run = runs[name]
    trace = case.trace(path)
    comparison = compare(trace, run)
    assert comparison.identical, str(comparison)
    if trace.readout.shape[1]:
        np.testing.assert_array_equal(trace.readout, run.layers[-1].v[:, -1])
    assert_alive(trace)
    for count in case.provokes:
        assert getattr(trace, count).sum() > 0


def assert_alive(trace: Trace) -> None:
    """Nobody learns anything from a silent network, or from one that always fires."""
    for name in trace.populations:
        readout = (trace.graph.population(name).threshold >= THRESHOLD_MANT_MAX).all()
        rate = trace.recordings[name]["s"].mean()
        if not readout:
            assert LIVELY[0] <= rate <= LIVELY[1], f"population '{name}' fires in {rate:.1%}"
