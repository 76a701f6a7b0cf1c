"""recurrent: layers, sequences, memory of earlier steps."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tests.whole_networks import built
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.neurons.recurrent_lif import RecurrentLIF


def test_a_hidden_layer_is_linear_norm_recurrent_lif() -> None:
    """Images are flattened first; width scales the hidden layers."""
    hidden = [nn.Linear, nn.BatchNorm1d, RecurrentLIF]
    body = built("recurrent", (2, 4, 4), 5, hidden=[12, 8], width=0.5, decay=0.7)
    kinds = [type(layer) for layer in body.children()]
    assert kinds == [nn.Flatten, *hidden, *hidden, nn.Linear]
    neurons = [layer for layer in body.children() if isinstance(layer, RecurrentLIF)]
    assert [layer.recurrent.in_features for layer in neurons] == [6, 4]
    assert [float(layer.decay) for layer in neurons] == pytest.approx([0.7, 0.7])
    assert [type(layer) for layer in built("recurrent", (7,)).children()] == [*hidden, nn.Linear]


def test_a_step_reaches_later_ones_only() -> None:
    """Another input at one step changes outputs from there on, through recurrence too."""
    torch.manual_seed(0)
    network = SpikingNetwork(built("recurrent", (6,), 4, hidden=[40]), 5, sequence=True).eval()
    neuron = dict(network.neurons())["2"]
    neuron.set_decay(1e-6)  # so that no membrane remembers
    sequence = 3 * torch.randn(5, 8, 6)
    other = sequence.clone()
    other[1] += 3 * torch.randn(8, 6)
    with torch.no_grad():
        changed = (network(sequence) - network(other)).abs().amax(dim=(1, 2))
    assert float(changed[0]) == 0.0
    assert (changed[1:3] > 1e-3).all()


@pytest.mark.parametrize("values", [{"hidden": []}, {"hidden": [0]}, {"decay": 0.0}, {"width": 0}])
def test_senseless_options_are_refused(values: dict[str, object]) -> None:
    """No hidden layer, an empty one, no memory, no width."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        NETWORKS["recurrent"].options.model_validate(values)
