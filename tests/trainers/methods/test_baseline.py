"""The baseline: fixed threshold, rectangle of fixed width, in every layer."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainers.methods import METHODS
from trainers.methods.baseline import BaselineOptions, prepare
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def network() -> SpikingNetwork:
    """Two LIF layers, one of them with a learnable decay."""
    return SpikingNetwork(nn.Sequential(LIF(0.3), nn.Linear(2, 2), LIF(0.4, learn_decay=True)), 2)


def test_every_layer_gets_the_chosen_threshold_and_width() -> None:
    """In training and in evaluation the same, the encoding layer included."""
    prepared = network()
    prepare(prepared, BaselineOptions(threshold=0.5, surrogate_width=2.0))
    for _, neuron in prepared.neurons():
        for training in (True, False):
            neuron.train(training)
            membrane = torch.tensor([0.5, 0.6, -0.6], requires_grad=True)
            threshold = neuron.threshold_rule(membrane, 1)
            spikes = neuron.surrogate(membrane, threshold, 1)
            spikes.sum().backward()
            assert threshold.item() == 0.5
            assert spikes.tolist() == [0.0, 1.0, 0.0]
            assert membrane.grad is not None
            assert membrane.grad.tolist() == [0.5, 0.5, 0.0]


def test_decays_stay_as_the_network_has_them() -> None:
    """The baseline learns exactly the decays that the network learns."""
    prepared = network()
    prepare(prepared, BaselineOptions())
    neurons = [neuron for _, neuron in prepared.neurons()]
    assert [float(neuron.decay.detach()) for neuron in neurons] == pytest.approx([0.3, 0.4])
    assert [neuron.decay_logit.requires_grad for neuron in neurons] == [False, True]


@pytest.mark.parametrize(
    "values",
    [{"threshold": 0.0}, {"threshold": float("inf")}, {"surrogate_width": -1}, {"treshold": 1.0}],
)
def test_senseless_and_unknown_options_are_refused(values: dict[str, float]) -> None:
    """Not positive, not finite, or misspelt."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        METHODS["baseline"].options.model_validate(values)
