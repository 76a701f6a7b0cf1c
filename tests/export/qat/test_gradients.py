"""The gradient is that of the float network with the same weights and the method's surrogate."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.freezing import frozen_module
from export.nir_metadata import read_facts
from export.qat import integer_network
from export.qat.dequantised import dequantised
from tests.quantised_networks import BODIES, quantised_case, trainable
from tests.torch_networks import networked
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.shaped import Shaped
from trainers.neurons.surrogate import Surrogate

TOLERANCE = 0.05
"""Relative distance of gradients: a state is truncated to 24 bits and an input to 12."""


class InTrainedUnits(Surrogate):
    """A surrogate of membranes around a trained threshold, asked about membranes around 1."""

    def __init__(self, trained: Surrogate, threshold: float, frozen: float) -> None:
        super().__init__()
        self.trained = trained
        self.factor = threshold / frozen

    def forward(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Spikes with the trained layer's gradient."""
        spikes: Tensor = self.trained(membrane * self.factor, threshold * self.factor, step)
        return spikes

    def derivative(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """As in training, per unit of the frozen membrane."""
        slope: Tensor = self.trained.derivative(
            membrane * self.factor, threshold * self.factor, step
        )
        return slope * self.factor


def gradients(network: SpikingNetwork, inputs: Tensor) -> Tensor:
    """Backward of the network's loss; its outputs."""
    outputs: Tensor = network(inputs)
    labels = torch.arange(len(inputs)) % outputs.shape[2]
    F.cross_entropy(network.readout(outputs), labels).backward()
    return outputs.detach()


@pytest.mark.parametrize("decay_input", [False, True])
@pytest.mark.parametrize("name", ["digits recipe", "bare shortcut", "added spikes", "bare output"])
def test_it_is_the_float_networks(name: str, decay_input: bool) -> None:
    """Weight by weight within 5 %, with widths in the units of training and thresholds far from 1.

    The float network is the frozen one in float64 with the integers' own weights.
    """
    network = networked(BODIES[name](), seed=7)
    for _, neuron in network.neurons():
        neuron.surrogate = Shaped("arctan", 0.6).double()
        neuron.decay_input = decay_input
    found = quantised_case(network, "bias", 8)
    on_integers = integer_network(found.graph, found.quantised, network)
    same_weights = dequantised(found.graph, on_integers)
    facts = read_facts(same_weights)
    reference = frozen_module(network, same_weights)
    trained = dict(network.neurons())
    for node, threshold in facts.thresholds.items():
        path = facts.modules[node]
        gain = float(1 - trained[path].decay) if decay_input else 1.0
        neuron = dict(reference.neurons())[path]
        frozen = float(neuron.threshold_rule(torch.zeros(1), 0))
        own = copy.deepcopy(trained[path].surrogate)
        neuron.surrogate = InTrainedUnits(own, threshold.value * gain, frozen)
    inputs = torch.from_numpy(found.inputs)
    outputs = gradients(on_integers, inputs)
    expected = gradients(reference, inputs.double())
    assert float((outputs - expected).abs().mean() / expected.abs().mean()) < 0.1
    layers = dict(reference.body.named_modules())
    compared = trainable(on_integers)
    assert len(compared) == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in layers.values())
    for node, grad in compared.items():
        wanted = layers[facts.modules[node]].weight.grad
        assert isinstance(wanted, Tensor)
        distance = (grad - wanted).norm() / wanted.norm()
        assert float(distance) < TOLERANCE, f"{node}: {float(distance):.4f}"


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("alif", "tdbn")])
def test_every_methods_surrogate_trains(method: str) -> None:
    """Each gives every weight a finite gradient that isn't zero, through its own width."""
    network = networked(BODIES["digits recipe"](), seed=7).float()
    network.sample_shape = (1, 8, 8)
    METHODS[method].prepare(network, METHODS[method].options())
    found = quantised_case(network.eval(), "bias", 8)
    on_integers = integer_network(found.graph, found.quantised, network).train()
    outputs = on_integers(torch.from_numpy(found.inputs))
    labels = torch.arange(len(found.inputs)) % 5
    loss = on_integers.loss(outputs, (), labels, on_integers.readout, 0.1)
    loss.backward()
    grads = trainable(on_integers)
    assert len(grads) == 3
    for name, grad in grads.items():
        assert torch.isfinite(grad).all(), name
        assert grad.any(), name


def test_widths_that_read_a_norm_stay() -> None:
    """MPD-AGL's widths come from gains that folding ended; they are those of the trained layer."""
    network = networked(BODIES["digits recipe"](), seed=7).float()
    METHODS["mpd-agl"].prepare(network, METHODS["mpd-agl"].options())
    for _, neuron in network.neurons():
        neuron.set_decay(0.2)
    with torch.no_grad():
        for module in network.body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(0.31)
    found = quantised_case(network.eval(), "bias", 8)
    on_integers = integer_network(found.graph, found.quantised, network)
    trained = [neuron for _, neuron in network.neurons()]
    for (_, neuron), before in zip(on_integers.neurons(), trained, strict=True):
        ours, theirs = (
            layer.surrogate.interval(torch.zeros(1), torch.tensor(0.5), 1)
            for layer in (neuron, before)
        )
        assert float(ours) == float(theirs)
        assert float(ours) == pytest.approx(0.62 * np.sqrt(1.04), rel=1e-4)
