"""The forward pass in torch is the chip's: every population, to the last bit."""

import numpy as np
import pytest
import torch
from torch import nn

from export.chip.graph import InputForm
from export.freezing import freeze
from export.qat import integer_network
from export.quantizing import encode_counted, quantization
from tests.quantised_networks import (
    BODIES,
    SHAPE,
    Case,
    assert_equal_to_the_emulator,
    case,
    quantised_case,
)
from tests.torch_networks import networked
from trainers.losses import LogitCrossEntropy
from trainers.methods import METHODS
from trainers.methods.tet import TETLoss
from trainers.neurons.lif import LIF
from trainers.readout import WeightedReadout

FORMS: tuple[InputForm, ...] = ("bias", "spikes", "graded")


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in BODIES if name != "one conv, two populations"])
def test_it_fires_as_the_emulator_does(name: str, form: InputForm, bits: int) -> None:
    """In every input form, for chains, sums of currents and of spikes, bare ways and pooling."""
    found = case(name, form, bits)
    assert (found.quantised.layers[0].silenced > 0) == (name == "rows that nobody reads")
    assert_equal_to_the_emulator(found, lively=bits == 8)


def test_two_bits_and_clipped_weights_fire_alike() -> None:
    """The coarsest grid, and a scale at which weights are clipped."""
    assert_equal_to_the_emulator(case("digits recipe", bits=2), lively=False)
    found = case("digits recipe", bits=4)
    scales = {layer.name: 2 * layer.scale for layer in found.quantised.layers[:-1]}
    last = found.quantised.layers[-1]
    clipped = quantization(
        found.graph, found.inputs, weight_bits=4, scales={**scales, last.name: last.scale}
    )
    assert clipped.layers[1].clipped_weights > 0
    assert_equal_to_the_emulator(Case(found.network, found.graph, clipped, found.inputs))


def test_a_node_that_feeds_two_populations_fires_alike() -> None:
    """The input itself reaches both, which only spikes may."""
    assert_equal_to_the_emulator(case("one conv, two populations", "spikes"))


def test_weighted_readouts_give_the_emulators_logits() -> None:
    """With a weight per step the host sums in an order, and torch in the same."""
    network = networked(BODIES["digits recipe"](), seed=5)
    network.readout = WeightedReadout(torch.tensor([0.3, 0.9, 1.7, 1.1]))
    assert_equal_to_the_emulator(quantised_case(network, "bias", 8))


@pytest.mark.parametrize("form", FORMS)
def test_sequences_fire_alike(form: InputForm) -> None:
    """Inputs that change at every step."""
    body = nn.Sequential(nn.Linear(12, 20), nn.BatchNorm1d(20), LIF(0.6), nn.Linear(20, 9),
                         LIF(0.9), nn.Linear(9, 3))  # fmt: skip
    network = networked(body, time_steps=6)
    network.sequence = True
    rng = np.random.default_rng(0)
    drawn = rng.random((14, 6, 12), dtype=np.float32)
    inputs = (drawn < 0.5).astype(np.float32) if form == "spikes" else drawn
    graph = freeze(network, np.moveaxis(inputs, 1, 0))
    done = quantization(graph, inputs, input_form=form)
    assert_equal_to_the_emulator(Case(network, graph, done, inputs))


@pytest.mark.parametrize("form", ["bias", "graded"])
def test_inputs_beyond_the_calibrations_are_clipped_alike(form: InputForm) -> None:
    """Six times as large, of either sign: currents, or payloads, end at their limits."""
    body = nn.Sequential(nn.Linear(12, 20), LIF(0.9), nn.Linear(20, 3))
    network = networked(body, time_steps=8)
    network.sequence = True
    inputs = np.random.default_rng(0).normal(size=(14, 8, 12)).astype(np.float32)
    graph = freeze(network, np.moveaxis(inputs, 1, 0))
    done = quantization(graph, inputs, input_form=form)
    assert encode_counted(graph, done.chip, 6 * inputs).clipped > 100
    assert_equal_to_the_emulator(Case(network, graph, done, 6 * inputs))


def test_the_loss_is_the_methods_own_unless_it_needs_heads() -> None:
    """TET's stays; that of DeepTAGE's stages becomes the cross-entropy of the logits."""
    kinds = []
    for method in ("tet", "deeptage"):
        network = networked(BODIES["digits recipe"]()).float()
        network.sample_shape = SHAPE
        METHODS[method].prepare(network, METHODS[method].options())
        found = quantised_case(network, "bias", 8)
        kinds.append(type(integer_network(found.graph, found.quantised, network).loss))
    assert kinds == [TETLoss, LogitCrossEntropy]


def test_the_trained_network_is_left_alone() -> None:
    """Surrogates are copies; training on integers moves nothing of it."""
    found = case("digits recipe")
    before = {name: tensor.clone() for name, tensor in found.network.state_dict().items()}
    assert_equal_to_the_emulator(found)
    for name, tensor in found.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
