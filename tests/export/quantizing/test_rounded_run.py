"""Rounded weights with float state, against loops over neurons' inputs and against the emulator."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ConvProjection, InputForm, Population, Projection
from export.errors import UnsupportedLayer
from export.executor import logits, run_graph
from export.nir_metadata import ReadoutFacts, attach_facts, read_facts
from export.quantizing import Quantization, encode, quantization, rounded_run
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, residual_network, spike_trains

FloatArray = NDArray[np.float64]
Case = tuple[nir.NIRGraph, InputForm, NDArray[np.float32], NDArray[np.float32]]

BINARY = (images(40, 5) < 0.4).astype(np.float32), (images(12, 9) < 0.4).astype(np.float32)
CASES: dict[str, Case] = {
    "bias": (conv_network(), "bias", images(40, 5), images(12, 9)),
    "graded": (conv_network(), "graded", images(40, 5), images(12, 9)),
    "spikes": (conv_network(), "spikes", *BINARY),
    "sequences": (dense_network(), "bias", spike_trains(40, seed=6), spike_trains(12, seed=9)),
    "residual": (residual_network(), "spikes", *BINARY),
}  # fmt: skip


def convolved(projection: ConvProjection, inputs: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """One sample's [I, H, W] through the kernel, tap by tap."""
    (up, left), (down, right) = projection.padding, projection.stride
    padded = np.pad(inputs, ((0, 0), (up, up), (left, left)))
    weight, sums = projection.weight, np.zeros(shape)
    inner = weight.shape[1]
    for out in range(len(weight)):
        first = out // (len(weight) // projection.groups) * inner
        for (tap, row, column), value in np.ndenumerate(weight[out]):
            rows = row * projection.dilation[0] + down * np.arange(shape[1])
            columns = column * projection.dilation[1] + right * np.arange(shape[2])
            sums[out] += value * padded[first + tap][np.ix_(rows, columns)]
    return sums


def arriving(chip: ChipGraph, name: str, signals: dict[str, FloatArray], step: int) -> FloatArray:
    """One sample's sums and biases at a step."""
    population = chip.population(name)
    total = np.broadcast_to(population.bias, population.shape).astype(np.float64)
    for projection in chip.incoming(name):
        inputs = signals[projection.source][step]
        if isinstance(projection, ConvProjection):
            total = total + convolved(projection, inputs, population.shape)
        else:
            total = total + (projection.weight @ inputs.reshape(-1)).reshape(population.shape)
    return total


def by_hand(
    chip: ChipGraph, host: NDArray[np.int64], unit: float
) -> tuple[dict[str, FloatArray], FloatArray]:
    """One sample's spikes per population and outputs, step by step; host integers [T, *shape]."""
    steps = len(host)
    driven = chip.input.form == "bias"
    signals = {} if driven else {chip.input.name: host.astype(np.float64)}
    outputs = np.zeros(0)
    for population in chip.populations:
        currents = [arriving(chip, population.name, signals, step) for step in range(steps)]
        if driven and population.name == chip.input.name:
            currents = [current + host[step] for step, current in enumerate(currents)]
        if chip.readout is not None and population.name == chip.readout.population:
            outputs = np.stack(currents) * unit
            continue
        voltage, fired = np.zeros(population.shape), []
        for current in currents:
            voltage = voltage * (4096 - population.decay_v) / 4096 + current
            fired.append(voltage > population.threshold)
            voltage[fired[-1]] = 0.0
        signals[population.name] = np.stack(fired).astype(np.float64)
    return {name: spikes for name, spikes in signals.items() if name != chip.input.name}, outputs


def quantised(case: Case, bits: int = 8) -> Quantization:
    """The case's integers."""
    graph, form, calibration, _ = case
    return quantization(graph, calibration, input_form=form, weight_bits=bits)


@pytest.mark.parametrize("bits", [8, 3])
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_chips_integers_with_float_state(name: str, bits: int) -> None:
    """Spikes and outputs of each sample as plain loops give them, for every input form."""
    graph, form, _, inputs = CASES[name]
    done = quantised(CASES[name], bits)
    chip, facts = done.synchronous, read_facts(graph)
    found = rounded_run(graph, chip, inputs)
    host = encode(graph, chip, inputs[:3])
    if facts.input.form == "static":
        host = np.repeat(host[:, None], facts.time_steps, axis=1)
    assert chip.input.form == form
    for sample in range(3):
        spikes, outputs = by_hand(chip, host[sample], 1 / done.layers[-1].scale)
        for population in chip.populations[:-1]:
            expected = spikes.get(population.name)
            if expected is not None:
                given = found.spikes[population.name][:, sample]
                np.testing.assert_array_equal(given, expected, err_msg=population.name)
        np.testing.assert_allclose(found.outputs[:, sample], outputs, rtol=1e-12, atol=1e-12)
    rates = [spikes.mean() for spikes in found.spikes.values()]
    assert set(found.spikes) == {population.name for population in chip.populations[:-1]}
    assert all(0.01 < rate < 0.8 for rate in rates), rates


def test_without_memory_it_is_the_emulator() -> None:
    """Decay 0 leaves nothing to truncate: the same spikes and logits, weights per step honoured."""
    graph = conv_network(decay_4096=0)
    weights = (0.1, -0.5, 2.0, 1.5)
    attach_facts(
        graph, read_facts(graph).model_copy(update={"readout": ReadoutFacts(weights=weights)})
    )
    done = quantization(graph, images(40, 5), weight_bits=4)
    inputs = images(30, 9)
    found = rounded_run(graph, done.synchronous, inputs)
    trace = simulate(done.chip, encode(graph, done.chip, inputs), record=True)
    for name, spikes in found.spikes.items():
        recorded = trace.recordings[name]["s"].reshape(len(inputs), 4, *spikes.shape[2:])
        np.testing.assert_array_equal(recorded, np.moveaxis(spikes, 1, 0))
    facts = read_facts(graph)
    np.testing.assert_allclose(logits(found.outputs, facts), chip_logits(trace), rtol=1e-12)
    assert found.outputs.std() > 0.1


@pytest.mark.parametrize("name", CASES)
def test_fine_weights_are_the_float_networks(name: str) -> None:
    """At 8 bits logits differ from the float network's by a small share of their spread."""
    graph, _, _, inputs = CASES[name]
    expected = logits(run_graph(graph, inputs).outputs, read_facts(graph))
    done = quantised(CASES[name])
    found = logits(rounded_run(graph, done.synchronous, inputs).outputs, read_facts(graph))
    assert np.median(np.abs(found - expected)) < 0.15 * expected.std()


def test_no_number_depends_on_the_batch_size() -> None:
    """One sample at a time, five, or all."""
    graph, _, _, inputs = CASES["sequences"]
    chip = quantised(CASES["sequences"]).synchronous
    whole = rounded_run(graph, chip, inputs)
    for size in (1, 5):
        parts = rounded_run(graph, chip, inputs, batch_size=size)
        np.testing.assert_array_equal(parts.outputs, whole.outputs)
        for name, spikes in whole.spikes.items():
            np.testing.assert_array_equal(parts.spikes[name], spikes)


def delayed(projection: Projection) -> Projection:
    """The same, one step later."""
    assert not isinstance(projection, ConvProjection)
    return replace(projection, delay=np.ones_like(projection.weight))


def test_graphs_with_time_of_their_own_are_refused() -> None:
    """Delays and feedback have no layer-synchronous meaning, and no readout no answer."""
    graph, _, _, inputs = CASES["sequences"]
    chip = quantised(CASES["sequences"]).synchronous
    first, *others = chip.populations
    late = replace(chip, projections=tuple(delayed(part) for part in chip.projections))
    looped = replace(chip, populations=(*others, first))
    for refused, message in [
        (late, "is delayed.* Pass Quantization.synchronous"),
        (looped, "comes from a population that runs later"),
        (replace(chip, readouts=()), "this chip graph has no readout"),
    ]:
        with pytest.raises(UnsupportedLayer, match=message):
            rounded_run(graph, refused, inputs)


def test_a_moving_threshold_is_that_of_its_step() -> None:
    """A schedule that nobody reaches at step 2 silences that step alone."""
    graph, _, _, inputs = CASES["bias"]
    chip = quantised(CASES["bias"]).synchronous
    first = chip.populations[0]
    steps = np.full(4, int(first.threshold))
    steps[2] = 1 << 20
    moved: Population = replace(first, schedule=steps)
    changed = replace(chip, populations=(moved, *chip.populations[1:]))
    plain, found = (rounded_run(graph, part, inputs).spikes[first.name] for part in (chip, changed))
    np.testing.assert_array_equal(found[:2], plain[:2])
    assert plain[2].any()
    assert not found[2].any()
