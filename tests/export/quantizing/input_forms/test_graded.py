"""Graded inputs: payload and weight scale chosen together, and what the chip makes of them."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, InputForm
from export.errors import LimitExceeded, UnsupportedLayer
from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.quantizing import encode, encode_counted, quantization, quantize
from export.quantizing.payload_quantization import SUM_MAX, PayloadQuantization
from hwsim import cost
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.export.quantizing.test_quantize import with_neuron
from tests.frozen_networks import conv_network, images, portable_lif
from tests.other_networks import dense_network, spike_trains, with_facts

FloatArray = NDArray[np.float32]
CALIBRATION = images(40, seed=5)
INPUTS = images(60, seed=9)


def graded(
    graph: nir.NIRGraph, calibration: FloatArray, bits: int = 8
) -> tuple[ChipGraph, PayloadQuantization]:
    """The chip graph and what its payloads are."""
    done = quantization(graph, calibration, input_form="graded", payload_bits=bits)
    chip, layers = done.chip, done.layers
    assert [layer.payload is None for layer in layers[1:]] == [True] * (len(layers) - 1)
    assert layers[0].payload is not None
    return chip, layers[0].payload


def test_the_first_layer_is_on_the_chip() -> None:
    """Its convolution is a projection from the input, and the host computes nothing."""
    graph = conv_network()
    chip, payload = graded(graph, CALIBRATION)
    assert chip.input == ChipInput("input", "graded", (1, 8, 8))
    first = chip.projections[0]
    assert isinstance(first, ConvProjection)
    assert (first.source, first.target, first.padding) == ("input", "l001_lif", (1, 1))
    assert len(chip.projections) == len(chip.populations) == 3
    assert chip.host is not None
    assert (chip.host.macs, chip.host.scale) == (0, payload.scale)
    assert (chip.host.lowest, chip.host.highest) == (0, payload.highest)


def test_every_field_keeps_the_networks_ratios() -> None:
    """weight * payload, bias and threshold are in one unit, each within the chip's range."""
    graph = conv_network()
    done = quantization(graph, CALIBRATION, input_form="graded")
    chip, layers = done.chip, done.layers
    payload, scale = layers[0].payload, layers[0].scale
    assert payload is not None
    population, conv = chip.populations[0], graph.nodes["l000_conv"]
    weight = chip.projections[0].weight
    assert (weight % 2 == 0).all()
    assert -256 <= weight.min() < weight.max() <= 254
    np.testing.assert_allclose(
        weight * payload.scale / scale, conv.weight, atol=payload.scale / scale
    )
    np.testing.assert_allclose(population.bias[:, 0, 0] / scale, conv.bias, atol=0.5 / scale)
    assert int(population.threshold) / scale == pytest.approx(1.0, rel=1e-12)
    assert int(population.threshold) < 1 << 17
    assert np.abs(population.bias).max() <= 4095


@pytest.mark.parametrize(("decay", "steps"), [(0, 4), (819, 4), (3686, 8)])
def test_the_chip_computes_what_it_does_with_biases(decay: int, steps: int) -> None:
    """Firing rates within 1 % of the float network's; 8-bit weights move logits a little more."""
    graph = conv_network(decay_4096=decay, time_steps=steps)
    run = run_graph(graph, INPUTS)
    expected = logits(run.outputs, read_facts(graph))
    float_fired = [run.spikes[name].sum() for name in ("l001_lif", "l004_lif")]
    medians = {}
    for form in ("bias", "graded"):
        chip = quantize(graph, CALIBRATION, input_form=form)
        trace = simulate(chip, encode(graph, chip, INPUTS))
        found = chip_logits(trace)
        medians[form] = np.median(np.abs(found - expected)) / expected.std()
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.85, form
        np.testing.assert_allclose(trace.spikes.sum(axis=(0, 1))[:2], float_fired, rtol=0.01)
        assert trace.saturations.sum() == trace.wraps.sum() == 0
    assert medians["graded"] < 0.03 + medians["bias"]


def test_more_bits_never_cost_accuracy() -> None:
    """They are an upper limit: the chosen range is the best of all that are narrower too."""
    graph = conv_network()
    errors = [graded(graph, CALIBRATION, bits)[1].error for bits in (1, 2, 4, 6, 8, 10)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 5 * errors[4]


def test_a_bias_that_needs_the_range_takes_bits_from_the_payload() -> None:
    """12 bits of bias for 20 thresholds leave 8 + 8 bits of weight and payload no room."""
    graph = conv_network()
    conv = graph.nodes["l000_conv"]
    biased = nir.Conv2d((8, 8), conv.weight, (1, 1), (1, 1), (1, 1), 1, conv.bias + np.float32(20))
    _, payload = graded(with_neuron(graph, "l000_conv", biased), CALIBRATION)
    _, plain = graded(graph, CALIBRATION)
    assert payload.bits < plain.bits
    assert f"{payload.bits} bits of 8 asked for" in str(payload)


def test_no_calibration_sample_wraps_and_the_bound_holds_for_any_other() -> None:
    """calibration_sum is what the emulator's u reaches; a sample made to reach worst_sum does."""
    graph = conv_network(decay_4096=0)
    chip, payload = graded(graph, CALIBRATION)
    trace = simulate(chip, encode(graph, chip, CALIBRATION), record=True)
    assert np.abs(trace.recordings["l001_lif"]["u"]).max() == payload.calibration_sum << 6
    assert payload.calibration_sum <= payload.worst_sum <= SUM_MAX
    assert not payload.can_wrap
    worst = np.stack([worst_image(chip, channel, sign) for channel in range(6) for sign in (1, -1)])
    trace = simulate(chip, worst, record=True)
    assert np.abs(trace.recordings["l001_lif"]["u"]).max() == payload.worst_sum << 6


def worst_image(chip: ChipGraph, channel: int, sign: int) -> NDArray[np.int64]:
    """Payloads that drive one channel's sum to its extreme at pixel (3, 3)."""
    assert chip.host is not None
    kernel = sign * chip.projections[0].weight[channel, 0]
    image = np.zeros((1, 8, 8), dtype=np.int64)
    image[0, 2:5, 2:5] = np.where(kernel > 0, chip.host.highest, chip.host.lowest)
    return image


def sparse_images(samples: int, seed: int = 3) -> FloatArray:
    """One bright pixel each: sums of calibration far below what a full image can make."""
    rng = np.random.default_rng(seed)
    found = np.zeros((samples, 64), dtype=np.float32)
    found[np.arange(samples), rng.integers(0, 64, samples)] = rng.uniform(0.3, 1, samples)
    return found.reshape(samples, 1, 8, 8)


def test_inputs_unlike_the_calibrations_can_wrap_and_are_counted() -> None:
    """Said in the note, and each wrap is counted in the population where it happens."""
    graph = conv_network(decay_4096=0)
    conv = graph.nodes["l000_conv"]
    plain = nir.Conv2d(
        (8, 8), np.abs(conv.weight), (1, 1), (1, 1), (1, 1), 1, conv.bias * np.float32(0)
    )
    graph = with_neuron(graph, "l000_conv", plain)
    chip, payload = graded(graph, sparse_images(200), 10)
    assert payload.can_wrap
    assert payload.calibration_sum <= SUM_MAX < payload.worst_sum
    assert "so u can wrap on inputs unlike the calibration's" in str(payload)
    trace = simulate(chip, encode(graph, chip, sparse_images(50, seed=8)))
    assert trace.wraps.sum() == 0
    trace = simulate(chip, encode(graph, chip, np.ones((3, 1, 8, 8), dtype=np.float32)))
    assert trace.wraps[:, :, 0].sum() > 0
    assert trace.wraps[:, :, 1:].sum() == 0


def test_negative_inputs_have_negative_payloads() -> None:
    """Inputs normalised to zero mean: a sign, and the same answers."""
    graph = conv_network()
    shifted = INPUTS - np.float32(0.5)
    chip, payload = graded(graph, CALIBRATION - np.float32(0.5))
    assert payload.lowest == -payload.highest < 0
    payloads = encode(graph, chip, shifted)
    assert payloads.dtype == np.int8
    assert payloads.min() < 0
    trace = simulate(chip, payloads)
    expected = logits(run_graph(graph, shifted).outputs, read_facts(graph))
    assert (chip_logits(trace).argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.85
    assert np.median(np.abs(chip_logits(trace) - expected)) < 0.1 * expected.std()


def test_counts_of_events_reach_the_chip_without_loss() -> None:
    """Sequences of 0 to 3 events per step: each payload is a multiple of the count."""
    graph = dense_network()
    counts = (spike_trains(40, seed=6) + 2 * spike_trains(40, seed=7)).astype(np.float32)
    chip, payload = graded(graph, counts)
    assert payload.scale == payload.highest / 3 == round(payload.scale)
    given = (spike_trains(30, seed=4) + 2 * spike_trains(30, seed=8)).astype(np.float32)
    payloads = encode(graph, chip, given)
    np.testing.assert_array_equal(payloads, given * payload.scale)
    assert payloads.dtype == np.uint8
    found = chip_logits(simulate(chip, payloads))
    expected = logits(run_graph(graph, given).outputs, read_facts(graph))
    assert np.median(np.abs(found - expected)) < 0.1 * expected.std()
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95


def test_samples_become_payloads_as_numpy_rounds_them() -> None:
    """round(x * scale), clipped where a sample is brighter than all calibration data."""
    graph = conv_network()
    chip, payload = graded(graph, CALIBRATION)
    many = images(700, seed=3)
    found = encode(graph, chip, many)
    assert found.dtype == np.uint8
    assert found.shape == (700, 1, 8, 8)
    expected = np.clip(np.rint(many.astype(np.float64) * payload.scale), 0, payload.highest)
    np.testing.assert_array_equal(found, expected)
    bright = encode(graph, chip, 3 * many - 1)
    assert (bright.min(), bright.max()) == (0, payload.highest)


@pytest.mark.parametrize("form", ["bias", "graded"])
def test_clipped_integers_are_counted(form: InputForm) -> None:
    """As many as lie beyond what the host may send, over all batches; none of the calibration."""
    graph = conv_network()
    chip = quantize(graph, CALIBRATION, input_form=form)
    assert chip.host is not None
    assert encode_counted(graph, chip, CALIBRATION).clipped == 0
    bright = 9 * images(600, seed=3)
    boundless = replace(chip, host=replace(chip.host, lowest=-(1 << 22), highest=1 << 22))
    free = encode(graph, boundless, bright)
    found = encode_counted(graph, chip, bright)
    assert found.clipped == ((free < chip.host.lowest) | (free > chip.host.highest)).sum() > 0
    np.testing.assert_array_equal(found.integers, encode(graph, chip, bright))


def test_wide_payloads_take_wider_integers() -> None:
    """Above 8 bits, 16; the network without biases has room for them."""
    nodes = dict(conv_network(decay_4096=0).nodes)
    rng = np.random.default_rng(0)
    few = nir.Conv2d(
        (8, 8), rng.normal(size=(6, 1, 1, 1)).astype(np.float32), 1, 0, 1, 1, np.zeros(6)
    )
    nodes |= {"l000_conv": few, "l001_lif": portable_lif((6, 8, 8), 0, threshold=0.2)}
    graph = with_facts(nodes, conv_network().edges, time_steps=2)
    chip, payload = graded(graph, CALIBRATION, 12)
    assert payload.bits > 8
    assert encode(graph, chip, INPUTS).dtype == np.uint16


def test_energy_claims_no_work_of_the_host() -> None:
    """The first layer's synops are on the chip: synapses hit by a payload other than 0."""
    graph = conv_network()
    chip, _ = graded(graph, CALIBRATION)
    payloads = encode(graph, chip, INPUTS)
    trace = simulate(chip, payloads, count_neurons=True)
    reach = np.full((8, 8), 9)
    reach[[0, -1]] -= 3
    reach[:, [0, -1]] -= 3
    reach[[0, 0, -1, -1], [0, -1, 0, -1]] += 1
    hit = ((payloads != 0)[:, 0] * reach * 6).sum(axis=(1, 2))
    np.testing.assert_array_equal(trace.synops[:, 0, 0], hit)
    assert 0 < (payloads == 0).mean() < 0.2
    report = cost(trace, "loihi2")
    assert report.host_macs == report.energy_j.host == 0
    text = " ".join(report.assumptions)
    assert "first linear operation" not in text
    assert "rounding the input to payloads on the host is left out" in text


def test_what_graded_inputs_can_not_be_is_refused() -> None:
    """Silent calibration data, and a chip graph that names no payload scale."""
    graph = conv_network()
    with pytest.raises(LimitExceeded, match="'l001_lif', graded input: the calibration inputs are"):
        graded(graph, 0 * CALIBRATION)
    chip, _ = graded(graph, CALIBRATION)
    foreign = ChipGraph(chip.input, chip.populations, chip.projections)
    with pytest.raises(UnsupportedLayer, match="no host encoder to say their scale"):
        encode(graph, foreign, INPUTS)
