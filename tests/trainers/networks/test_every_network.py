"""What holds for every published architecture of the table."""

import pytest
import torch
from torch import nn

from tests.whole_networks import PLAIN, RESIDUAL, Options, built, full_size
from trainers.errors import ConfigError
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.neurons.lif import LIF
from trainers.preceding_norm import norms_before

IMAGES = {**PLAIN, **RESIDUAL}
ALL = {**IMAGES, "recurrent": ("recurrent", {})}
SHAPE = (3, 32, 32)

each = pytest.mark.parametrize(("name", "options"), ALL.values(), ids=ALL)
each_of_images = pytest.mark.parametrize(("name", "options"), IMAGES.values(), ids=IMAGES)


def test_none_is_left_out() -> None:
    """These tests cover the table; conv-small and mlp have their own."""
    assert {name for name, _ in ALL.values()} == NETWORKS.keys() - {"conv-small", "mlp"}


@each
def test_forward_and_backward(name: str, options: Options) -> None:
    """A narrow one gives a current per class, step and sample, and every weight a gradient."""
    torch.manual_seed(0)
    network = SpikingNetwork(built(name, SHAPE, 7, width=0.0625, **options), 2)
    outputs = network(torch.rand(3, *SHAPE))
    assert outputs.shape == (2, 3, 7)
    outputs.square().sum().backward()
    for weight, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, weight
            assert parameter.grad.isfinite().all(), weight
    assert any(bool(parameter.grad.any()) for parameter in network.parameters()
               if parameter.grad is not None)  # fmt: skip


@each
def test_a_norm_precedes_every_lif(name: str, options: Options) -> None:
    """Methods that read a layer's norm find one, right behind the layer's own weights."""
    network = SpikingNetwork(full_size(name, SHAPE, **options), 2)
    norms = norms_before(network, "mpd-agl")
    assert norms.keys() == dict(network.neurons()).keys()
    assert all(norms.values())


@each_of_images
def test_norms_are_used_once(name: str, options: Options) -> None:
    """Each LIF has its own."""
    network = SpikingNetwork(full_size(name, SHAPE, **options), 2)
    before = norms_before(network, "mpd-agl").values()
    norms = [found.norm for several in before for found in several]
    assert len(set(map(id, norms))) == len(norms)


@each
def test_layers_are_of_the_kinds_that_freeze(name: str, options: Options) -> None:
    """Average pooling only, convolutions without bias, norms with statistics."""
    body = full_size(name, SHAPE, **options)
    leaves = {type(module) for module in body.modules() if not list(module.children())}
    assert leaves - {nn.Sequential} <= {
        nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d,
        nn.Flatten, *(type(m) for m in body.modules() if type(m).__module__.startswith("trainers")),
    }  # fmt: skip
    assert all(conv.bias is None for conv in body.modules() if isinstance(conv, nn.Conv2d))


@each
def test_decay_and_width_reach_every_layer(name: str, options: Options) -> None:
    """All LIF start at the decay; the least width leaves one channel each."""
    body = built(name, SHAPE, width=1e-6, decay=0.6, **options)
    neurons = [module for module in body.modules() if isinstance(module, LIF)]
    assert [float(neuron.decay) for neuron in neurons] == pytest.approx([0.6] * len(neurons))
    norms = [m for m in body.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert {norm.num_features for norm in norms} == {1}
    assert SpikingNetwork(body, 1)(torch.rand(4, *SHAPE)).shape == (1, 4, 10)


@each_of_images
def test_convolutions_start_from_fan_out(name: str, options: Options) -> None:
    """Each has a spread of sqrt(2 / (O kH kW)), the first at the least."""
    torch.manual_seed(0)
    convs = [m for m in built(name, SHAPE, width=0.25, **options).modules()
             if isinstance(m, nn.Conv2d)]  # fmt: skip
    for conv in convs:
        expected = (2 / conv.weight[:, 0].numel()) ** 0.5
        assert float(conv.weight.detach().std()) == pytest.approx(expected, rel=0.15)


@each_of_images
def test_samples_that_are_no_images_are_refused(name: str, options: Options) -> None:
    """The message names the network."""
    with pytest.raises(ConfigError, match=rf"network {name}: samples of shape \(64,\) aren't im"):
        built(name, (64,), **options)


@pytest.mark.parametrize(("name", "least"), [("cifarnet", 8), ("vggsnn", 16), ("vgg11", 16)])
def test_images_too_small_for_the_pooling_are_refused(name: str, least: int) -> None:
    """The smallest size works; one pixel less says the size and what to do."""
    built(name, (1, least, least), width=0.02)
    message = rf"network {name}: . pooling stages .* {least}x{least - 1}\. Give .* {least}x{least}"
    with pytest.raises(ConfigError, match=message):
        built(name, (1, least, least - 1), width=0.02)
