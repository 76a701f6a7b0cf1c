"""conv-small: shapes, order of layers, and what it refuses."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainers.errors import ConfigError
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.networks.conv_small import ConvSmallOptions, build
from trainers.neurons.lif import LIF


def test_a_stage_is_conv_norm_lif_average_pool() -> None:
    """No bias before a norm, no max pooling, then one flatten and one linear readout."""
    module = build(ConvSmallOptions(channels=(4, 6), decay=0.3), (1, 8, 8), 10)
    stage = [nn.Conv2d, nn.BatchNorm2d, LIF, nn.AvgPool2d]
    assert [type(layer) for layer in module.children()] == [*stage, *stage, nn.Flatten, nn.Linear]
    assert "0.bias" not in module.state_dict()
    decays = [float(layer.decay.detach()) for layer in module.children() if isinstance(layer, LIF)]
    assert decays == pytest.approx([0.3, 0.3])


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 7), (2, 5, 4)])
def test_the_readout_fits_odd_sizes_too(shape: tuple[int, int, int]) -> None:
    """Pooling rounds down, and the linear layer knows."""
    network = SpikingNetwork(build(ConvSmallOptions(channels=(2, 3)), shape, 7), 3)
    assert network(torch.rand(2, *shape)).shape == (3, 2, 7)


def test_samples_that_are_no_images_are_refused() -> None:
    """A vector has no height."""
    with pytest.raises(ConfigError, match=r"samples of shape \(64,\) aren't images"):
        build(ConvSmallOptions(), (64,), 10)


def test_more_pooling_stages_than_pixels_are_refused() -> None:
    """Three halvings leave one pixel of 8x8; a fourth has nothing to halve."""
    build(ConvSmallOptions(channels=(2, 2, 2)), (1, 8, 8), 10)
    with pytest.raises(ConfigError, match=r"4 pooling stages are too many for images of 8x8"):
        build(ConvSmallOptions(channels=(2, 2, 2, 2)), (1, 8, 8), 10)


@pytest.mark.parametrize(
    "values", [{"channels": []}, {"channels": [8, 0]}, {"channels": [-1]}, {"decay": 1.0}]
)
def test_senseless_options_are_refused(values: dict[str, object]) -> None:
    """No stage, a stage without channels, a decay that never forgets."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        NETWORKS["conv-small"].options.model_validate(values)
