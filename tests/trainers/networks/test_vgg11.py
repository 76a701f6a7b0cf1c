"""vgg11 against configuration A."""

import pytest
import torch
from torch import nn

from tests.whole_networks import built, convolutions, full_size, linears, spike_shapes, weights
from trainers.network import SpikingNetwork

CHANNELS = (64, 128, 256, 256, 512, 512, 512, 512)
HALVED = (0, 1, 2, 2, 3, 3, 4, 4)


def test_it_is_the_published_network() -> None:
    """Eight convolutions; torchvision's vgg11 has 9,220,480 there, 2,752 of them biases."""
    body = full_size("vgg11", (3, 32, 32))
    before = (3, *CHANNELS)
    assert convolutions(body) == [(i, o, 3, 1) for i, o in zip(before, CHANNELS, strict=False)]
    assert linears(body) == [(512, 10, True)]
    assert weights(body) == 9_220_480 - 2_752 + 2 * 2_752 + 512 * 10 + 10


@pytest.mark.parametrize("size", [32, 48, 224])
def test_four_poolings_halve_and_the_fifth_is_global(size: int) -> None:
    """The classifier takes 512 values whatever the size."""
    shape = (3, size, size)
    body = full_size("vgg11", shape)
    expected = [(c, size >> h, size >> h) for c, h in zip(CHANNELS, HALVED, strict=True)]
    assert spike_shapes(body, shape) == expected
    assert linears(body) == [(512, 10, True)]


def test_at_32_the_fifth_pooling_is_configuration_a() -> None:
    """There, a 2x2 average pool in place of the global one computes the same."""
    network = SpikingNetwork(built("vgg11", (3, 32, 32), width=0.0625), 2).eval()
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = network(x)
        body = network.body
        assert isinstance(body, nn.Sequential)
        assert isinstance(body[-3], nn.AdaptiveAvgPool2d)
        body[-3] = nn.AvgPool2d(2)
        torch.testing.assert_close(network(x), expected)
