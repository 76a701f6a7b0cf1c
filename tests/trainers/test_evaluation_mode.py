"""Evaluation mode for a while, and every layer's own mode afterwards."""

import pytest
from torch import nn

from trainers.evaluation_mode import evaluating


def test_each_layer_gets_its_own_mode_back() -> None:
    """A frozen norm inside a training network stays frozen, also after an error."""
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    network[0].eval()
    with evaluating(network):
        assert not any(layer.training for layer in network.modules())
    assert [layer.training for layer in network.modules()] == [True, False, True]
    with pytest.raises(ValueError, match="inside"), evaluating(network):
        raise ValueError("inside")
    assert [layer.training for layer in network.modules()] == [True, False, True]
