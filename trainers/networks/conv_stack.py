"""Plain stacks of 3x3 convolution - batch norm - LIF, with 2x2 average pooling in between.

Average pooling, never max pooling: it is linear, so it folds exactly into the next weights.
"""

from typing import Final, Literal, cast

from torch import nn

from trainers.networks.image_size import ImageShape, image_shape
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import NetworkOptions
from trainers.networks.width import WidthOptions, scaled
from trainers.neurons.lif import LIF

AP: Final = "AP"
Plan = tuple[int | Literal["AP"], ...]
"""Output channels of each convolution, with `AP` where 2x2 average pooling stands."""


def build_conv_stack(
    network: str,
    plan: Plan,
    options: NetworkOptions,
    sample_shape: tuple[int, ...],
    classes: int,
) -> nn.Module:
    """A plan's layers, global average pooling and a linear readout, for samples [C, H, W].

    Args:
        network: its name, for messages.
        plan: what stands where.
        options: WidthOptions, as the recipe has them.
        sample_shape: of one sample at one step.
        classes: number of outputs.

    Raises:
        ConfigError: the samples aren't images, or too small for that many pooling stages.
    """
    chosen = cast(WidthOptions, options)
    layers, (channels, _, _) = conv_layers(
        network, plan, sample_shape, decay=chosen.decay, width=chosen.width
    )
    readout = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
    return kaiming_convolutions(nn.Sequential(*layers, *readout))


def conv_layers(
    network: str,
    plan: Plan,
    sample_shape: tuple[int, ...],
    *,
    decay: float,
    width: float = 1.0,
    remedy: str | None = None,
) -> tuple[list[nn.Module], ImageShape]:
    """The layers of a plan, and the shape (C, H, W) that leaves them.

    Args:
        network: its name, for messages.
        plan: what stands where.
        sample_shape: of one sample at one step.
        decay: of every LIF at the start.
        width: factor on all channels.
        remedy: what to do about images that are too small; None asks for larger ones.

    Raises:
        ConfigError: the samples aren't images, or too small for that many pooling stages.
    """
    channels, rows, columns = image_shape(network, sample_shape, plan.count(AP), remedy=remedy)
    layers: list[nn.Module] = []
    for entry in plan:
        if entry == AP:
            layers.append(nn.AvgPool2d(2))
            rows, columns = rows // 2, columns // 2
            continue
        outputs = scaled(entry, width)
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            LIF(decay),
        ]
        channels = outputs
    return layers, (channels, rows, columns)
