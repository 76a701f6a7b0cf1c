"""From a frozen network to the chip's integers, and what they compute."""

import copy
from dataclasses import replace
from pathlib import Path

import nir
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_metadata import ReadoutFacts, attach_facts, read_facts
from export.quantizing import encode, quantization, quantize
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.frozen_networks import DT, conv_network, images, portable_lif
from tests.other_networks import chain, dense_network, spike_trains, with_facts
from tests.same_graph import assert_same_graph
from tests.torch_networks import conv_body, images_for, networked
from trainers.errors import DataError
from trainers.readout import WeightedReadout

IntArray = NDArray[np.int64]
CALIBRATION = images(40, seed=5)
INPUTS = images(60, seed=9)


def with_neuron(graph: nir.NIRGraph, name: str, node: nir.NIRNode) -> nir.NIRGraph:
    """A copy of the graph with one neuron exchanged."""
    changed = copy.copy(graph)
    changed.nodes = {**graph.nodes, name: node}
    return changed


def changed_lif(graph: nir.NIRGraph, name: str, **factors: float) -> nir.NIRGraph:
    """A copy whose neuron's first parameter values differ from the others' by these factors."""
    node = copy.deepcopy(graph.nodes[name])
    for key, factor in factors.items():
        getattr(node, key).flat[0] *= factor
    return with_neuron(graph, name, node)


def by_hand(chip: ChipGraph, mantissas: IntArray) -> tuple[list[IntArray], IntArray]:
    """Spike counts per hidden layer and readout sums of a network without memory, in torch.

    Without decay each step is the same: fire where the sum exceeds the threshold.
    """
    counts, fired = [], torch.from_numpy(mantissas > int(chip.populations[0].threshold)).double()
    counts.append(fired.flatten(1).sum(dim=1).long().numpy())
    for projection, population in zip(chip.projections, chip.populations[1:], strict=True):
        weight = torch.from_numpy(projection.weight).double()
        if isinstance(projection, ConvProjection):
            sums = F.conv2d(fired, weight, None, projection.stride, projection.padding)
        else:
            sums = F.linear(fired.flatten(1), weight)
        sums += torch.from_numpy(np.broadcast_to(population.bias, population.shape).copy())
        fired = (sums > int(population.threshold)).double()
        counts.append(fired.flatten(1).sum(dim=1).long().numpy())
    return counts[:-1], sums.long().numpy()


def test_the_chip_graph_is_what_the_network_says() -> None:
    """Populations, folded pooling, decays, readout and host work of the digits network."""
    chip = quantize(conv_network(decay_4096=819), CALIBRATION)
    assert chip.input == ChipInput("l001_lif", "bias", (6, 8, 8))
    assert [(p.name, p.shape) for p in chip.populations] == [
        ("l001_lif", (6, 8, 8)), ("l004_lif", (8, 4, 4)), ("l007_fc", (5,)),
    ]  # fmt: skip
    first, second, readout = chip.populations
    for population in (first, second):
        assert (int(population.decay_u), int(population.decay_v)) == (4096, 4096 - 819)
    assert (int(readout.decay_u), int(readout.decay_v)) == (4096, 0)
    assert int(readout.threshold) == 131071
    assert not first.bias.any()
    pooled, dense = chip.projections
    assert isinstance(pooled, ConvProjection)
    assert (pooled.weight.shape, pooled.stride, pooled.padding) == ((8, 6, 6, 6), (2, 2), (2, 2))
    assert isinstance(dense, DenseProjection)
    assert dense.weight.shape == (5, 128)
    assert (chip.time_steps, chip.classes) == (4, ("0", "1", "2", "3", "4"))
    assert chip.host is not None
    assert chip.host.macs == 6 * 8 * 8 * 9


def test_the_file_holds_the_chip_graph(tmp_path: Path) -> None:
    """netx accepts what quantising made, and gives it back."""
    chip = quantize(conv_network(), CALIBRATION)
    write_netx(chip, tmp_path / "chip.net")
    assert_same_graph(read_netx(tmp_path / "chip.net"), chip)


def test_inhibitory_layers_survive_the_file(tmp_path: Path) -> None:
    """A readout without a positive weight, which Lava corrupts at powers of two, is written."""
    graph = conv_network()
    fc = graph.nodes["l007_fc"]
    inhibitory = nir.Affine(-np.abs(fc.weight) / np.abs(fc.weight).max(), fc.bias * 0)
    chip = quantize(with_neuron(graph, "l007_fc", inhibitory), CALIBRATION)
    assert chip.projections[-1].weight.min() == -254
    write_netx(chip, tmp_path / "chip.net")
    assert_same_graph(read_netx(tmp_path / "chip.net"), chip)


@pytest.mark.parametrize(("decay", "steps"), [(0, 4), (819, 4), (3686, 8)])
def test_the_chip_classifies_like_the_network(decay: int, steps: int) -> None:
    """On inputs it never saw, logits differ by less than a spread and rarely change a class."""
    graph = conv_network(decay_4096=decay, time_steps=steps)
    chip = quantize(graph, CALIBRATION)
    trace = simulate(chip, encode(graph, chip, INPUTS))
    assert chip.readout is not None
    found = trace.readout * chip.readout.volts_to_logit
    run = run_graph(graph, INPUTS)
    expected = logits(run.outputs, read_facts(graph))
    differences = np.abs(found - expected)
    # One spike more or less moves a logit by up to max |w| / T, and a few per mille of them do.
    assert differences.max() < expected.std()
    assert np.median(differences) < 0.02 * expected.std()
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95
    assert trace.saturations.sum() == trace.wraps.sum() == 0
    fired = trace.spikes.sum(axis=(0, 1))[:2]
    float_fired = [run.spikes[name].sum() for name in ("l001_lif", "l004_lif")]
    np.testing.assert_allclose(fired, float_fired, rtol=0.01)
    assert (np.array(float_fired) > 1000).all()


def test_sequences_reach_the_chip_step_by_step() -> None:
    """Spike trains through the host's matrix: biases per step, and the same answer."""
    graph = dense_network()
    inputs = spike_trains(30, seed=4)
    chip = quantize(graph, spike_trains(40, seed=6))
    mantissas = encode(graph, chip, inputs)
    assert mantissas.shape == (30, 20, 32)
    assert chip.host is not None
    assert chip.host.macs == 20 * 32 * 24
    trace = simulate(chip, mantissas)
    assert chip.readout is not None
    found = trace.readout * chip.readout.volts_to_logit
    expected = logits(run_graph(graph, inputs).outputs, read_facts(graph))
    assert np.abs(found - expected).max() < 0.5 * expected.std()
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95


def test_without_memory_the_chip_is_plain_integer_arithmetic() -> None:
    """Decay 0: spikes and logits follow from the integers by hand, to the last bit."""
    graph = conv_network(decay_4096=0)
    chip = quantize(graph, CALIBRATION)
    mantissas = encode(graph, chip, INPUTS)
    counts, sums = by_hand(chip, mantissas)
    trace = simulate(chip, mantissas)
    for index, count in enumerate(counts):
        np.testing.assert_array_equal(trace.spikes[:, :, index], np.repeat(count[:, None], 4, 1))
    np.testing.assert_array_equal(trace.readout, 4 * sums << 6)
    assert chip.readout is not None
    scale = quantization(graph, CALIBRATION).layers[-1].scale
    np.testing.assert_allclose(trace.readout * chip.readout.volts_to_logit, sums / scale)


def test_thresholds_keep_their_ratio_to_weights() -> None:
    """mantissa / scale is the float threshold, 1 or not, and the report says both."""
    graph = conv_network()
    graph = with_neuron(graph, "l004_lif", portable_lif((8, 4, 4), 819, threshold=0.37))
    done = quantization(graph, CALIBRATION)
    chip, layers = done.chip, done.layers
    assert [layer.name for layer in layers] == [p.name for p in chip.populations]
    for layer, population, threshold in zip(layers, chip.populations, (1.0, 0.37), strict=False):
        assert layer.threshold == int(population.threshold)
        assert layer.threshold / layer.scale == pytest.approx(threshold, rel=1e-15)
    assert chip.host is not None
    assert layers[0].scale == chip.host.scale


def test_the_report_says_what_rounding_did() -> None:
    """8 bits leave 35 to 55 dB of signal to noise, and the largest scale clips no weight."""
    done = quantization(conv_network(), CALIBRATION)
    chip, layers = done.chip, done.layers
    host, *others = layers
    assert (host.sqnr_db, host.weight_max, host.clipped_weights) == (None, 0, 0)
    for layer, projection in zip(others, chip.projections, strict=True):
        assert layer.sqnr_db is not None
        assert 35 < layer.sqnr_db < 55
        assert layer.weight_max == np.abs(projection.weight).max() >= 250
        assert (layer.weight_bits, layer.weight_steps, layer.clipped_weights) == (8, (2,), 0)


def test_the_scale_follows_the_calibration_data() -> None:
    """Brighter images mean a smaller input scale; only the first 256 samples count."""
    graph = conv_network()
    plain, bright = (quantize(graph, factor * CALIBRATION) for factor in (1, 3))
    assert plain.host is not None
    assert bright.host is not None
    assert bright.host.scale < 0.5 * plain.host.scale
    long = np.concatenate([np.tile(CALIBRATION, (7, 1, 1, 1))[:256], 9 * CALIBRATION])
    assert_same_graph(quantize(graph, long), plain)


def test_the_host_encodes_as_torch_convolves() -> None:
    """round(current * scale), in float64, for as many samples as come."""
    graph = conv_network()
    chip = quantize(graph, CALIBRATION)
    conv = graph.nodes["l000_conv"]
    many = images(700, seed=3)
    currents = F.conv2d(
        torch.from_numpy(many).double(), torch.from_numpy(conv.weight).double(),
        torch.from_numpy(conv.bias).double(), padding=1,
    ).numpy()  # fmt: skip
    assert chip.host is not None
    expected = np.clip(np.rint(currents * chip.host.scale), -4095, 4095)
    found = encode(graph, chip, many)
    assert found.dtype == np.int64
    assert (found != expected).mean() < 1e-4
    assert np.abs(found - expected).max() <= 1


def test_the_host_clips_at_the_bias_mantissas_ends() -> None:
    """Inputs far brighter than the calibration's saturate at +-4095 instead of wrapping."""
    graph = conv_network()
    chip = quantize(graph, CALIBRATION)
    found = encode(graph, chip, 50 * INPUTS)
    assert (found.min(), found.max()) == (-4095, 4095)
    assert np.abs(encode(graph, chip, CALIBRATION)).max() < 4095


def weighted(graph: nir.NIRGraph, *weights: float) -> nir.NIRGraph:
    """A copy whose readout weights its steps."""
    changed = copy.copy(graph)
    facts = read_facts(graph).model_copy(update={"readout": ReadoutFacts(weights=weights)})
    attach_facts(changed, facts)
    return changed


def test_readout_weights_stay_with_the_host() -> None:
    """Integers, scales and the size of a logit are the unweighted network's; only weights join."""
    graph = conv_network()
    plain = quantize(graph, CALIBRATION)
    done = quantization(weighted(graph, 0.1, -0.5, 2.0, 1.5), CALIBRATION)
    chip, layers = done.chip, done.layers
    assert plain.readout is not None
    assert plain.readout.weights is None
    expected = replace(plain.readout, weights=(0.1, -0.5, 2.0, 1.5))
    assert chip.readout == expected
    assert_same_graph(replace(chip, readouts=plain.readouts), plain)
    assert layers == quantization(graph, CALIBRATION).layers


def test_a_weighted_readout_classifies_like_the_network() -> None:
    """Frozen from torch, the chip's logits are the network's up to quantising, and its classes."""
    network = networked(conv_body())
    network.readout = WeightedReadout(torch.tensor([0.1, 2.5, 0.7, -0.2], dtype=torch.float64))
    graph = freeze(network, images_for((1, 8, 8), samples=1))
    inputs = INPUTS.astype(np.float64)
    chip = quantize(graph, CALIBRATION)
    trace = simulate(chip, encode(graph, chip, inputs))
    with torch.no_grad():
        expected = network.readout(network(torch.from_numpy(inputs))).numpy()
    differences = np.abs(chip_logits(trace) - expected)
    assert chip.readout is not None
    assert chip.readout.weights == (0.1, 2.5, 0.7, -0.2)
    assert np.median(differences) < 0.02 * expected.std()
    assert (chip_logits(trace).argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95
    unweighted = trace.readout * chip.readout.volts_to_logit
    assert np.median(np.abs(unweighted - expected)) > 0.1 * expected.std()


def test_readout_weights_for_another_number_of_steps_are_refused() -> None:
    """Three weights say nothing about four steps."""
    with pytest.raises(InvalidGraph, match=r"'l007_fc': weights for 3 steps.*time_steps is 4"):
        quantize(weighted(conv_network(), 1.0, 2.0, 3.0), CALIBRATION)


def test_what_a_chip_can_not_hold_is_refused() -> None:
    """Leak and reset voltages, neurons that differ: each by name."""
    graph = conv_network()
    lif = graph.nodes["l004_lif"]
    leaky, resetting = copy.deepcopy(lif), copy.deepcopy(lif)
    leaky.v_leak[:] = 0.01
    resetting.v_reset[:] = -0.1
    cases = [
        (with_neuron(graph, "l004_lif", leaky), "'l004_lif': a leak or reset voltage"),
        (with_neuron(graph, "l004_lif", resetting), "'l004_lif': a leak or reset voltage"),
        (changed_lif(graph, "l004_lif", v_threshold=1.01), "'l004_lif': neurons with different"),
        (changed_lif(graph, "l001_lif", tau=1.01), "'l001_lif': neurons with different"),
    ]
    for refused, message in cases:
        with pytest.raises(UnsupportedLayer, match=message):
            quantize(refused, CALIBRATION)


def test_neurons_off_the_chips_ranges_are_refused() -> None:
    """A decay between n/4096 and a threshold that isn't positive have no integer."""
    graph = conv_network()
    off = portable_lif((8, 4, 4), 819)
    off.tau = off.tau * 1.0001
    with pytest.raises(LimitExceeded, match=r"'l004_lif': decay 819\.3.*/4096 lies between"):
        quantize(with_neuron(graph, "l004_lif", off), CALIBRATION)
    negative = portable_lif((8, 4, 4), 819, threshold=-0.5)
    with pytest.raises(LimitExceeded, match=r"'l004_lif': threshold -0\.5 isn't positive"):
        quantize(with_neuron(graph, "l004_lif", negative), CALIBRATION)


def test_neurons_without_leak_are_quantised() -> None:
    """NIR's IF is the chip's decay 0, also where the host drives it."""
    rng = np.random.default_rng(0)
    nodes = {
        "input": nir.Input(np.array([6])),
        "l000_fc": nir.Linear(rng.normal(size=(8, 6)).astype(np.float32)),
        "l001_if": nir.IF(np.full(8, 1 / DT), np.full(8, 1.5), np.zeros(8)),
        "l002_fc": nir.Linear(rng.normal(size=(3, 8)).astype(np.float32)),
        "output": nir.Output(np.array([3])),
    }
    graph = with_facts(nodes, chain(nodes), time_steps=6)
    chip = quantize(graph, rng.random((20, 6)).astype(np.float32))
    assert int(chip.populations[0].decay_v) == 0
    inputs = rng.random((20, 6)).astype(np.float32)
    trace = simulate(chip, encode(graph, chip, inputs))
    expected = run_graph(graph, inputs).spikes["l001_if"].sum()
    assert trace.spikes[:, :, 0].sum() == pytest.approx(expected, rel=0.02)
    assert expected > 50


def test_inputs_that_do_not_fit_are_refused() -> None:
    """Calibration and encoding check shapes and values before any arithmetic."""
    graph = conv_network()
    chip = quantize(graph, CALIBRATION)
    spoilt = INPUTS.copy()
    spoilt[3, 0, 2, 2] = np.nan
    for inputs, message in [
        (INPUTS[:, :, :7], r"shape \(60, 1, 7, 8\) isn't what"),
        (spoilt, "1 of 3840 values are NaN"),
        (INPUTS[:0], "0 samples"),
    ]:
        with pytest.raises(DataError, match=message):
            quantize(graph, inputs)
        with pytest.raises(DataError, match=message):
            encode(graph, chip, inputs)


def test_a_chip_graph_without_host_has_nothing_to_encode() -> None:
    """A file from elsewhere takes its spikes directly."""
    graph = conv_network()
    chip = quantize(graph, CALIBRATION)
    foreign = ChipGraph(chip.input, chip.populations, chip.projections)
    with pytest.raises(UnsupportedLayer, match="no host encoder"):
        encode(graph, foreign, INPUTS)
