"""Plans become layers."""

import pytest
import torch
from torch import nn

from trainers.errors import ConfigError
from trainers.networks.conv_stack import AP, conv_layers
from trainers.neurons.lif import LIF


def test_a_plan_is_built_entry_by_entry() -> None:
    """A number is conv - norm - LIF, AP a 2x2 average pool."""
    layers, shape = conv_layers("net", (4, 6, AP, 8), (3, 9, 12), decay=0.3)
    entry = [nn.Conv2d, nn.BatchNorm2d, LIF]
    assert [type(layer) for layer in layers] == [*entry, *entry, nn.AvgPool2d, *entry]
    assert shape == (8, 4, 6)
    for layer in layers:
        if isinstance(layer, LIF):
            assert float(layer.decay) == pytest.approx(0.3)
            layer.time_steps = 1
    assert nn.Sequential(*layers)(torch.rand(2, 3, 9, 12)).shape == (2, *shape)


def test_width_scales_every_channel() -> None:
    """Inputs stay as they are."""
    layers, shape = conv_layers("net", (16, 32), (3, 4, 4), decay=0.2, width=0.25)
    channels = [(c.in_channels, c.out_channels) for c in layers if isinstance(c, nn.Conv2d)]
    assert channels == [(3, 4), (4, 8)]
    assert shape == (8, 4, 4)


def test_pooling_stages_need_pixels() -> None:
    """Two of them need 4x4."""
    conv_layers("net", (2, AP, 2, AP), (1, 4, 4), decay=0.2)
    with pytest.raises(ConfigError, match="network net: 2 pooling stages are too many"):
        conv_layers("net", (2, AP, 2, AP), (1, 4, 3), decay=0.2)
