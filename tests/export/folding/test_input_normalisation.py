"""(x - mean) / deviation of the input goes into the first layer, unless that pads with zeros."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from export.errors import UnsupportedLayer
from export.folding import folded
from export.folding.input_normalisation import fold_input_normalisation
from export.freezing import unfolded
from export.unfolded_nodes import BatchNorm
from tests.folding_check import assert_as_torch, assert_lossless, kinds
from tests.random_bodies import SEEDS, enliven
from tests.torch_networks import images_for, networked
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

SHAPE = (4, 9, 8)


def first_layers(draw: np.random.Generator) -> list[nn.Module]:
    """What reads the input: nothing here pads."""
    kernel = (int(draw.integers(1, 4)), int(draw.integers(1, 4)))
    conv = nn.Conv2d(
        4, 8, kernel, stride=int(draw.integers(1, 3)), dilation=int(draw.integers(1, 3)),
        groups=int(draw.choice([1, 2, 4])), bias=bool(draw.integers(2)),
    )  # fmt: skip
    forms: list[list[nn.Module]] = [
        [conv],
        [nn.AvgPool2d((3, 2), 2), nn.Conv2d(4, 8, 2)],
        [nn.Flatten(), nn.Linear(288, 12)],
        [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 12)],
    ]
    return forms[int(draw.integers(len(forms)))]


def normalised(seed: int) -> SpikingNetwork:
    """A random network that normalises its input first."""
    torch.manual_seed(seed)
    body = nn.Sequential(
        nn.BatchNorm2d(4, affine=False), *first_layers(np.random.default_rng(seed)), LIF(0.4),
        nn.Flatten(), nn.LazyLinear(3),
    )  # fmt: skip
    SpikingNetwork(body, 1).eval()(torch.zeros(1, *SHAPE))
    network = networked(body, seed=seed)
    enliven(network, images_for(SHAPE, seed=seed))
    return network


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Executor and torch both find the spikes of before; no norm is left."""
    network, inputs = normalised(seed), images_for(SHAPE, seed=seed)
    graph = unfolded(network, inputs)
    after = assert_lossless(fold_input_normalisation, graph, inputs.numpy())
    assert BatchNorm not in kinds(after)
    assert_as_torch(after, network, inputs.numpy())
    assert_as_torch(folded(graph), network, inputs.numpy())


def padded(mean: float, first: nn.Module) -> SpikingNetwork:
    """A network whose first layer pads, behind a norm of that mean."""
    body = nn.Sequential(
        nn.BatchNorm2d(4, affine=False), first, nn.Conv2d(4, 4, 3), LIF(0.4), nn.Flatten(),
        nn.LazyLinear(3),
    )  # fmt: skip
    SpikingNetwork(body, 1).eval()(torch.zeros(1, *SHAPE))
    network = networked(body)
    running_mean = network.body.get_buffer("0.running_mean")
    running_mean.fill_(0.0)
    running_mean[2] = mean
    enliven(network, images_for(SHAPE))
    return network


PADDED: list[Callable[[], nn.Module]] = [
    lambda: nn.Conv2d(4, 4, 3, padding=(0, 1)),
    lambda: nn.AvgPool2d(3, 1, (0, 1)),
]


@pytest.mark.parametrize("first", PADDED, ids=["conv", "pool"])
def test_padding_is_allowed_where_every_mean_is_zero(first: Callable[[], nn.Module]) -> None:
    """Then a padded zero is the mean, before and after."""
    network, inputs = padded(0.0, first()), images_for(SHAPE)
    graph = unfolded(network, inputs)
    after = assert_lossless(fold_input_normalisation, graph, inputs.numpy())
    assert_as_torch(after, network, inputs.numpy())


@pytest.mark.parametrize("first", PADDED, ids=["conv", "pool"])
def test_a_shifted_channel_before_padding_is_refused(first: Callable[[], nn.Module]) -> None:
    """The message names the norm, the channel, the layer, its padding and the way out."""
    graph = unfolded(padded(0.3, first()), images_for(SHAPE))
    message = (
        r"^layer '0': it shifts channel 2 by -0\.\d+, and layer '1' pads with zeros \(padding "
        r"\(0, 1\)\).* Use padding 0 there, or scale inputs without subtracting a mean\.$"
    )
    with pytest.raises(UnsupportedLayer, match=message):
        fold_input_normalisation(graph)


def test_a_norm_of_the_input_that_a_neuron_reads_is_refused() -> None:
    """A neuron has no bias for the shift."""
    body = nn.Sequential(nn.BatchNorm1d(4), LIF(), nn.Linear(4, 2))
    graph = unfolded(networked(body), images_for((4,)))
    with pytest.raises(
        UnsupportedLayer, match=r"^layer '0' \(BatchNorm\): can't move into layer '1', which is a"
    ):
        fold_input_normalisation(graph)
