"""Plain stacks of 3x3 convolution - batch norm - LIF, with 2x2 average pooling in between.

Average pooling, never max pooling: it is linear, so it folds exactly into the next weights.
"""

from typing import Final, Literal

from torch import nn

from trainers.networks.image_size import ImageShape, image_shape
from trainers.networks.width import scaled
from trainers.neurons.lif import LIF

AP: Final = "AP"
Plan = tuple[int | Literal["AP"], ...]
"""Output channels of each convolution, with `AP` where 2x2 average pooling stands."""


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
