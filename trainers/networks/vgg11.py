"""vgg11: 64-AP-128-AP-256-256-AP-512-512-AP-512-512-GAP-FC.

Source: configuration A of Simonyan and Zisserman 2015, average pooling in place of max pooling,
one linear layer as the classifier. Its fifth pooling is global here: at 32x32 that is
configuration A's own 2x2 pool, and at 48x48 it averages all 3x3 values, of which a 2x2 pool would
drop the last row and column. So the classifier always takes 512 values.
"""

from typing import cast

from torch import nn

from trainers.networks.conv_stack import AP, Plan, conv_layers
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.width import WidthOptions

PLAN: Plan = (64, AP, 128, AP, 256, 256, AP, 512, 512, AP, 512, 512)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W].

    Raises:
        ConfigError: the samples aren't images, or smaller than 16x16.
    """
    chosen = cast(WidthOptions, options)
    layers, (channels, _, _) = conv_layers(
        "vgg11", PLAN, sample_shape, decay=chosen.decay, width=chosen.width
    )
    readout = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
    return kaiming_convolutions(nn.Sequential(*layers, *readout))


VGG11 = Network(
    summary="8 convolutions, 64 to 512 channels, global average pool (VGG configuration A)",
    options=WidthOptions,
    build=build,
)
