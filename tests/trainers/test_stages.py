"""Where stages end: plain, residual, pre-activation and widening networks, and refusals."""

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import copied_state, same_state
from tests.torch_networks import Residual, conv_norm
from tests.two_stages import SHAPE, two_stage_module
from trainers.errors import ConfigError
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.stages import find_stages


def ends(body: nn.Module, shape: tuple[int, ...] = SHAPE) -> list[tuple[str, int, int]]:
    """(name, channels, height) of each stage's end."""
    found = find_stages(SpikingNetwork(body, 2, sample_shape=shape)).ends
    return [(end.name, end.channels, end.size[0]) for end in found]


def readout(features: int) -> list[nn.Module]:
    """Global average pooling and a linear layer to 3 classes."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 3)]


def test_a_plain_network_ends_its_stages_before_pooling() -> None:
    """At the last LIF of each size; the pooled output holds no LIF of its own size."""
    assert ends(two_stage_module()) == [("2", 4, 8), ("6", 6, 4)]
    body = nn.Sequential(
        *conv_norm(1, 2), LIF(), *conv_norm(2, 3), LIF(), nn.AvgPool2d(2), *conv_norm(3, 4), LIF(),
        *readout(4),
    )  # fmt: skip
    assert ends(body) == [("5", 3, 8), ("9", 4, 4)]


def test_blocks_that_pool_at_their_end_do_not_end_the_next_stage() -> None:
    """Such a block's output has the next size, but its LIF fired at its own."""
    first = nn.Sequential(*conv_norm(1, 2), LIF(), nn.AvgPool2d(2))
    second = nn.Sequential(*conv_norm(2, 4), LIF(), nn.AvgPool2d(2))
    assert ends(nn.Sequential(first, second, *readout(4))) == [("0.2", 2, 8), ("1.2", 4, 4)]


def test_currents_end_no_stage() -> None:
    """A convolution of the same size after the last LIF belongs to the next stage."""
    body = nn.Sequential(
        *conv_norm(1, 2), LIF(), *conv_norm(2, 3), nn.AvgPool2d(2), LIF(), *readout(3)
    )
    assert ends(body) == [("2", 2, 8), ("6", 3, 4)]


def test_the_classes_are_counted() -> None:
    """From the output."""
    network = SpikingNetwork(two_stage_module(), 3, sample_shape=SHAPE)
    assert find_stages(network).classes == 10


def group(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Two residual blocks, of which the first may halve the size."""
    return nn.Sequential(
        Residual(
            conv_norm(inputs, outputs, stride=stride),
            conv_norm(inputs, outputs, stride=stride),
            LIF(),
        ),
        Residual(nn.Sequential(*conv_norm(outputs, outputs), LIF()), nn.Identity(), LIF()),
    )


def test_a_residual_network_ends_its_stages_with_its_groups() -> None:
    """The outermost module of a size: the group, not its last block or LIF."""
    body = nn.Sequential(
        *conv_norm(1, 2), LIF(), group(2, 2, 1), group(2, 4, 2), group(4, 6, 2), *readout(6)
    )
    assert ends(body) == [("3", 2, 8), ("4", 4, 4), ("5", 6, 2)]
    wrapped = nn.Sequential(body[:6], *readout(6))
    assert [name for name, _, _ in ends(wrapped)] == ["0.3", "0.4", "0"]


class PreActivation(nn.Module):
    """LIF first, then a convolution that may halve the size."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.neuron = LIF()
        self.rest = nn.Sequential(*conv_norm(inputs, outputs, stride=stride), LIF())

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the second LIF."""
        fired: Tensor = self.rest(self.neuron(x))
        return fired


def test_a_stage_may_end_inside_the_next_block() -> None:
    """Where a block fires before it halves the size."""
    body = nn.Sequential(PreActivation(1, 2, 1), PreActivation(2, 3, 2), *readout(3))
    assert ends(body) == [("1.neuron", 2, 8), ("1", 3, 4)]


def test_a_size_that_comes_back_is_a_stage_of_its_own() -> None:
    """Down and up again; a module around both ends the last stage alone."""
    inside = nn.Sequential(
        *conv_norm(1, 2), LIF(), nn.AvgPool2d(2), *conv_norm(2, 3), LIF(),
        nn.Upsample(scale_factor=2), *conv_norm(3, 4), LIF(),
    )  # fmt: skip
    assert ends(nn.Sequential(inside, *readout(4))) == [
        ("0.2", 2, 8), ("0.6", 3, 4), ("0", 4, 8),
    ]  # fmt: skip


def test_vectors_belong_to_no_stage() -> None:
    """An MLP has none, and a hidden layer after the convolutions adds none."""
    assert ends(nn.Sequential(nn.Linear(7, 5), LIF(), nn.Linear(5, 3)), (7,)) == []
    body = nn.Sequential(
        *conv_norm(1, 2), LIF(), nn.Flatten(), nn.Linear(128, 5), LIF(), nn.Linear(5, 3)
    )
    assert ends(body) == [("2", 2, 8)]


def test_the_network_is_left_as_it_was() -> None:
    """Statistics, each layer's mode, hooks and the random state."""
    network = SpikingNetwork(two_stage_module(), 2, sample_shape=SHAPE).train()
    network.body.get_submodule("1").eval()
    modes = {name: module.training for name, module in network.named_modules()}
    state, random = copied_state(network), torch.get_rng_state()
    find_stages(network)
    assert same_state(copied_state(network), state)
    assert {name: module.training for name, module in network.named_modules()} == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(module._forward_hooks for module in network.modules())


def test_a_network_that_does_not_know_its_samples_is_refused() -> None:
    """The message says what to pass."""
    with pytest.raises(ConfigError, match=r"sample is unknown.*Pass sample_shape to Spiking"):
        find_stages(SpikingNetwork(two_stage_module(), 2))


def test_samples_that_do_not_pass_are_refused() -> None:
    """With the shape and torch's reason, and the modes are restored."""
    network = SpikingNetwork(two_stage_module(), 2, sample_shape=(3, 8, 8)).train()
    with pytest.raises(ConfigError, match=r"shape \(3, 8, 8\) doesn't pass.*channels") as error:
        find_stages(network)
    assert "\n" not in str(error.value)
    assert all(module.training for module in network.modules())
