"""vggsnn: 64-128-AP-256-256-AP-512-512-AP-512-512-AP-FC, the classifier with bias.

Source: VGGSNN in the code of MPD-AGL and MSG, after TET (Deng et al. 2022), for event frames of
48x48, of which it leaves 3x3.
"""

from math import prod
from typing import cast

from torch import nn

from trainers.networks.conv_stack import AP, Plan, conv_layers
from trainers.networks.kaiming import kaiming_convolutions
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.width import WidthOptions

PLAN: Plan = (64, 128, AP, 256, 256, AP, 512, 512, AP, 512, 512, AP)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W].

    Raises:
        ConfigError: the samples aren't images, or smaller than 16x16.
    """
    chosen = cast(WidthOptions, options)
    layers, left = conv_layers("vggsnn", PLAN, sample_shape, decay=chosen.decay, width=chosen.width)
    readout = (nn.Flatten(), nn.Linear(prod(left), classes))
    return kaiming_convolutions(nn.Sequential(*layers, *readout))


VGGSNN = Network(
    summary="8 convolutions, 64 to 512 channels, for 48x48 event frames (VGGSNN of TET)",
    options=WidthOptions,
    build=build,
)
