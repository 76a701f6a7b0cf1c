"""How convolutions start: He et al. 2015, as in the authors' code of DS-ATGO and MPD-AGL.

MSG's code does so in its SEW-ResNet alone; its CIFARNet, VGGSNN and ResNet18 start as torch has it.
"""

from typing import TypeVar

from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def kaiming_convolutions(body: Module) -> Module:
    """Draws each convolution's weights anew: normal, variance 2 / (O * kH * kW) (fan out)."""
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return body
