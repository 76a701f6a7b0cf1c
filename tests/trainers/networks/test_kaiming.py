"""How convolutions start."""

import math

import pytest
import torch
from torch import nn

from trainers.networks.kaiming import kaiming_convolutions


def test_the_variance_counts_outputs() -> None:
    """Fan out: 2 / (O * kH * kW), whatever the number of inputs."""
    torch.manual_seed(0)
    for inputs, outputs, kernel in ((64, 32, 3), (16, 128, 3), (128, 64, 1)):
        body = kaiming_convolutions(nn.Sequential(nn.Conv2d(inputs, outputs, kernel, bias=False)))
        drawn = next(body.parameters()).detach()
        expected = math.sqrt(2 / (outputs * kernel**2))
        assert float(drawn.std()) == pytest.approx(expected, rel=0.03)
        assert float(drawn.abs().max()) > 3 * expected


def test_other_layers_keep_their_start() -> None:
    """Only convolutions are drawn anew, and the module itself comes back."""
    body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    before = {name: weight.clone() for name, weight in body.state_dict().items()}
    assert kaiming_convolutions(body) is body
    changed = [name for name, weight in body.state_dict().items() if (weight != before[name]).any()]
    assert changed == ["0.weight"]
