"""conv-small: stages of convolution, batch norm, LIF and average pooling, then a linear readout.

Average pooling, never max pooling: it is linear, so it folds exactly into the next weights.
"""

from typing import cast

from pydantic import Field, PositiveInt
from torch import nn

from trainers.errors import ConfigError
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.neurons.lif import LIF


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
    if len(sample_shape) != 3:
        raise ConfigError(
            f"network conv-small: samples of shape {sample_shape} aren't images [C, H, W]. "
            "Choose another network."
        )
    inputs, height, width = sample_shape
    layers: list[nn.Module] = []
    for outputs in chosen.channels:
        if min(height, width) < 2:
            raise ConfigError(
                f"network conv-small: {len(chosen.channels)} pooling stages are too many for "
                f"images of {sample_shape[1]}x{sample_shape[2]}. Give fewer channels."
            )
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            LIF(chosen.decay),
            nn.AvgPool2d(2),
        ]
        inputs, height, width = outputs, height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * height * width, classes))


CONV_SMALL = Network(
    summary="conv 3x3 - batch norm - LIF - average pool, per stage; linear readout",
    options=ConvSmallOptions,
    build=build,
)
