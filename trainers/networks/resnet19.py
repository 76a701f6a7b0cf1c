"""resnet19: 3 x 128, 3 x 256 and 2 x 512 blocks, then two linear layers.

    conv3x3(128)-BN-LIF - 3 x 128 - 3 x 256 (first of stride 2) - 2 x 512 (first of stride 2)
    - GAP - Linear(256)-BN-LIF - Linear(classes), no linear layer with bias

Source: Zheng et al. 2021 (tdBN), whose blocks sum currents; the code of DS-ATGO and MPD-AGL sums
spikes (SEW-ADD), the default here.
"""

from collections import OrderedDict
from typing import cast

from torch import nn

from trainers.networks.image_size import image_shape
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.residual_blocks import BLOCKS, Residual, conv_norm, stage
from trainers.networks.width import WidthOptions, scaled
from trainers.neurons.lif import LIF

STEM = 128
STAGES = ((3, 128, 1), (3, 256, 2), (2, 512, 2))
"""(blocks, channels, stride of the first)."""
HIDDEN = 256


class ResNet19Options(WidthOptions):
    """Options of `resnet19`.

    Args:
        residual: `sew-add` sums spikes, `current` sums currents and fires.
    """

    residual: Residual = "sew-add"


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W].

    Raises:
        ConfigError: the samples aren't images, or smaller than 4x4.
    """
    chosen = cast(ResNet19Options, options)
    inputs, _, _ = image_shape("resnet19", sample_shape, 2, stages="stages of stride 2")
    channels = scaled(STEM, chosen.width)
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Sequential(*conv_norm(inputs, channels), LIF(chosen.decay))
    )
    for index, (blocks, published, stride) in enumerate(STAGES):
        outputs = scaled(published, chosen.width)
        parts[f"stage{index + 1}"] = stage(
            BLOCKS[chosen.residual], blocks, channels, outputs, stride=stride, decay=chosen.decay
        )
        channels = outputs
    hidden = scaled(HIDDEN, chosen.width)
    parts["head"] = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(channels, hidden, bias=False), nn.BatchNorm1d(hidden), LIF(chosen.decay),
        nn.Linear(hidden, classes, bias=False),
    )  # fmt: skip
    return kaiming_convolutions(nn.Sequential(parts))


RESNET19 = Network(
    summary="ResNet-19 of tdBN; blocks sum spikes (SEW-ADD, as DS-ATGO) or currents",
    options=ResNet19Options,
    build=build,
)
