"""Inputs of 0 and 1: the chip computes the first layer, as it computes any other."""

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipInput, DenseProjection
from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.quantizing import encode, quantization, quantize
from hwsim import cost
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, spike_trains
from trainers.errors import DataError


def binary(samples: int, seed: int) -> NDArray[np.float32]:
    """Images of zeros and ones."""
    return (images(samples, seed) < 0.4).astype(np.float32)


def test_the_first_layer_is_a_projection_from_the_input() -> None:
    """Integers of the host's matrix at the scale of a hidden layer, and no host at all."""
    graph = dense_network()
    done = quantization(graph, spike_trains(40, seed=6), input_form="spikes")
    chip, layers = done.chip, done.layers
    assert chip.input == ChipInput("input", "spikes", (24,))
    assert chip.host is None
    first, affine = chip.projections[0], graph.nodes["l000_fc"]
    assert isinstance(first, DenseProjection)
    assert (first.source, first.target) == ("input", "l001_lif")
    scale = layers[0].scale
    assert np.abs(first.weight / scale - affine.weight).max() <= 1.001 / scale
    assert np.abs(chip.populations[0].bias / scale - affine.bias).max() <= 0.5 / scale
    assert int(chip.populations[0].threshold) == pytest.approx(scale)
    assert layers[0].sqnr_db is not None
    assert layers[0].payload is None


def test_sequences_of_spikes_are_classified_as_by_the_network() -> None:
    """Sent step by step as they are: rates within 2 %, classes as with the host's biases."""
    graph, inputs = dense_network(), spike_trains(60, seed=4)
    chip = quantize(graph, spike_trains(40, seed=6), input_form="spikes")
    spikes = encode(graph, chip, inputs)
    assert spikes.dtype == np.uint8
    np.testing.assert_array_equal(spikes, inputs)
    trace = simulate(chip, spikes)
    run = run_graph(graph, inputs)
    expected = logits(run.outputs, read_facts(graph))
    found = chip_logits(trace)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95
    assert np.abs(found - expected).max() < 0.7 * expected.std()
    fired = [run.spikes[name].sum() for name in ("l001_lif", "l003_lif")]
    np.testing.assert_allclose(trace.spikes.sum(axis=(0, 1))[:2], fired, rtol=0.02)
    assert trace.saturations.sum() == trace.wraps.sum() == 0


def test_binary_images_are_shown_at_every_step() -> None:
    """A static input of 0 and 1: once in memory, T times on the chip."""
    graph, inputs = conv_network(), binary(60, 9)
    chip = quantize(graph, binary(40, 5), input_form="spikes")
    spikes = encode(graph, chip, inputs)
    assert spikes.shape == (60, 1, 8, 8)
    trace = simulate(chip, spikes)
    again = simulate(chip, np.repeat(spikes[:, None], 4, axis=1))
    np.testing.assert_array_equal(trace.readout, again.readout)
    np.testing.assert_array_equal(trace.synops, again.synops)
    expected = logits(run_graph(graph, inputs).outputs, read_facts(graph))
    assert (chip_logits(trace).argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.85


def test_energy_claims_no_work_of_the_host() -> None:
    """Each input spike reaches all 32 neurons of the first layer, on the chip."""
    graph, inputs = dense_network(), spike_trains(30, seed=4)
    chip = quantize(graph, spike_trains(40, seed=6), input_form="spikes")
    trace = simulate(chip, encode(graph, chip, inputs), count_neurons=True)
    np.testing.assert_array_equal(trace.synops[:, :, 0], 32 * inputs.sum(axis=2))
    report = cost(trace, "loihi1")
    assert report.host_macs == report.energy_j.host == 0
    assert "first linear operation" not in " ".join(report.assumptions)


def test_other_values_are_refused_by_name() -> None:
    """In calibration data and in samples, with the first such value and what to do."""
    graph, calibration = dense_network(), spike_trains(40, seed=6)
    chip = quantize(graph, calibration, input_form="spikes")
    spoilt = calibration.copy()
    spoilt[17, 3, 5] = 0.25
    said = r"input form 'spikes': sample 17 holds 0\.25, but a spike is 0 or 1\. Choose export\.inp"
    with pytest.raises(DataError, match=said):
        quantize(graph, spoilt, input_form="spikes")
    with pytest.raises(DataError, match=said):
        encode(graph, chip, spoilt)
    spoilt[17, 3, 5] = -1
    with pytest.raises(DataError, match="sample 17 holds -1"):
        encode(graph, chip, spoilt)
