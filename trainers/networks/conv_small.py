"""conv-small: stages of convolution, batch norm, LIF and average pooling, then a linear readout."""

from math import prod
from typing import cast

from pydantic import Field, PositiveInt
from torch import nn

from trainers.networks.conv_stack import AP, Plan, conv_layers
from trainers.networks.network_spec import Network, NetworkOptions


class ConvSmallOptions(NetworkOptions):
    """Options of `conv-small`.

    Args:
        channels: output channels of each stage.
        decay: membrane decay factor at the start.
    """

    channels: tuple[PositiveInt, ...] = Field(default=(16, 32), min_length=1)
    decay: float = Field(default=0.2, gt=0, lt=1)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W].

    Raises:
        ConfigError: the samples aren't images, or too small for that many pooling stages.
    """
    chosen = cast(ConvSmallOptions, options)
    plan: Plan = tuple(entry for outputs in chosen.channels for entry in (outputs, AP))
    layers, left = conv_layers(
        "conv-small", plan, sample_shape, decay=chosen.decay, remedy="Give fewer channels."
    )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(prod(left), classes))


CONV_SMALL = Network(
    summary="conv 3x3 - batch norm - LIF - average pool, per stage; linear readout",
    options=ConvSmallOptions,
    build=build,
)
