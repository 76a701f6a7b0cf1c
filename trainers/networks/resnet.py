"""What the ResNets of ImageNet's kind have in common: a stem, four stages, a linear readout.

    stem - n1 x 64 - n2 x 128 - n3 x 256 - n4 x 512 - GAP - FC, stages two to four of stride 2

Stem `imagenet` is He et al. 2016's 7x7 convolution of stride 2 and 3x3 pooling of stride 2, here
average pooling; `cifar` is one 3x3 convolution of stride 1 without pooling.
"""

from collections import OrderedDict
from typing import Literal, cast

from torch import nn

from trainers.networks.image_size import image_shape
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import NetworkOptions
from trainers.networks.residual_blocks import BLOCKS, Residual, conv_norm, stage
from trainers.networks.width import WidthOptions, scaled
from trainers.neurons.lif import LIF

CHANNELS = (64, 128, 256, 512)
HALVINGS = {"cifar": 3, "imagenet": 5}


class ResNetOptions(WidthOptions):
    """Options of a ResNet.

    Args:
        stem: `cifar` keeps the image's size, `imagenet` quarters height and width.
    """

    stem: Literal["cifar", "imagenet"] = "cifar"


def build_resnet(
    network: str,
    residual: Residual,
    blocks: tuple[int, int, int, int],
    options: NetworkOptions,
    sample_shape: tuple[int, ...],
    classes: int,
) -> nn.Module:
    """The module for samples [C, H, W].

    Args:
        network: its name, for messages.
        residual: what its blocks sum.
        blocks: in each of the four stages.
        options: ResNetOptions, as the recipe has them.
        sample_shape: of one sample at one step.
        classes: number of outputs.

    Raises:
        ConfigError: the samples aren't images, or smaller than 8x8 (stem `imagenet`: 32x32).
    """
    chosen = cast(ResNetOptions, options)
    inputs, _, _ = image_shape(
        network, sample_shape, HALVINGS[chosen.stem], stages="stages of stride 2"
    )
    channels = scaled(CHANNELS[0], chosen.width)
    parts: OrderedDict[str, nn.Module] = OrderedDict(stem=_stem(inputs, channels, chosen, residual))
    for index, (count, published) in enumerate(zip(blocks, CHANNELS, strict=True)):
        outputs = scaled(published, chosen.width)
        parts[f"stage{index + 1}"] = stage(
            BLOCKS[residual], count, channels, outputs,
            stride=1 if index == 0 else 2, decay=chosen.decay,
        )  # fmt: skip
        channels = outputs
    parts["head"] = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)
    )
    return kaiming_convolutions(nn.Sequential(parts))


def _stem(inputs: int, outputs: int, options: ResNetOptions, residual: Residual) -> nn.Sequential:
    neuron = LIF(options.decay)
    if options.stem == "cifar":
        return nn.Sequential(*conv_norm(inputs, outputs), neuron)
    conv = conv_norm(inputs, outputs, kernel=7, stride=2)
    pool = nn.AvgPool2d(3, stride=2, padding=1)
    # Averages of spikes aren't spikes, and SEW-ADD's identities must add spikes to spikes.
    return nn.Sequential(*conv, *((pool, neuron) if residual == "sew-add" else (neuron, pool)))
