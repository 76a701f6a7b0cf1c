"""cifarnet: 256-256-AP-256-256-AP-512-512-AP-1024-1024-GAP-FC.

Source: CIFARNet in the code of MSG (Brain-Cog-Lab/msg). The paper's string differs: it has three
convolutions of 512 and a pooling stage before FC.
"""

from typing import cast

from torch import nn

from trainers.networks.conv_stack import AP, Plan, conv_layers
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.width import WidthOptions

PLAN: Plan = (256, 256, AP, 256, 256, AP, 512, 512, AP, 1024, 1024)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W].

    Raises:
        ConfigError: the samples aren't images, or smaller than 8x8.
    """
    chosen = cast(WidthOptions, options)
    layers, (channels, _, _) = conv_layers(
        "cifarnet", PLAN, sample_shape, decay=chosen.decay, width=chosen.width
    )
    readout = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
    return kaiming_convolutions(nn.Sequential(*layers, *readout))


CIFARNET = Network(
    summary="8 convolutions, 256 to 1024 channels, global average pool (MSG's CIFARNet)",
    options=WidthOptions,
    build=build,
)
