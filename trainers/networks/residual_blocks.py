"""Residual blocks of two 3x3 convolutions, and stages of them.

`current` (plain ResNet with LIF): the branch's and the shortcut's currents are summed, then the
block fires:                       out = LIF(BN(conv(LIF(BN(conv(x))))) + shortcut(x))
`sew-add` (Fang et al. 2021): branch and shortcut fire on their own and their spikes are summed, so
a block's output counts spikes:    out = LIF(BN(conv(LIF(BN(conv(x)))))) + shortcut(x)

A shortcut passes x on; where channels or size change it is a 1x1 convolution with batch norm, and
in `sew-add` LIF. In `current` an identity shortcut brings x, spikes, as current.
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from trainers.neurons.lif import LIF

Residual = Literal["current", "sew-add"]
Block = Callable[[int, int, int, float], nn.Module]
"""(input channels, output channels, stride, decay) -> the block."""


class CurrentBlock(nn.Module):
    """Sums two currents and fires."""

    def __init__(self, inputs: int, outputs: int, stride: int, decay: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *conv_norm(inputs, outputs, stride=stride), LIF(decay), *conv_norm(outputs, outputs)
        )
        self.shortcut = nn.Sequential()
        if changes(inputs, outputs, stride):
            self.shortcut.extend(conv_norm(inputs, outputs, kernel=1, stride=stride))
        self.neuron = LIF(decay)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes 0/1 [N, outputs, H', W'] of [N, inputs, H, W]."""
        # The branch comes first: methods take its norm for the one before the neuron.
        fired: Tensor = self.neuron(self.branch(x) + self.shortcut(x))
        return fired


class SewAddBlock(nn.Module):
    """Fires twice and sums the spikes."""

    def __init__(self, inputs: int, outputs: int, stride: int, decay: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *conv_norm(inputs, outputs, stride=stride), LIF(decay),
            *conv_norm(outputs, outputs), LIF(decay),
        )  # fmt: skip
        self.shortcut = nn.Sequential()
        if changes(inputs, outputs, stride):
            self.shortcut.extend([*conv_norm(inputs, outputs, kernel=1, stride=stride), LIF(decay)])

    def forward(self, x: Tensor) -> Tensor:
        """Sums of spikes, 0, 1, 2, ..., [N, outputs, H', W'] of [N, inputs, H, W]."""
        summed: Tensor = self.branch(x) + self.shortcut(x)
        return summed


BLOCKS: dict[Residual, Block] = {"current": CurrentBlock, "sew-add": SewAddBlock}


def conv_norm(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution without bias that keeps the size (at stride 1), and its batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


def changes(inputs: int, outputs: int, stride: int) -> bool:
    """Whether a block's output has another shape than its input."""
    return stride != 1 or inputs != outputs


def stage(
    block: Block, blocks: int, inputs: int, outputs: int, *, stride: int, decay: float
) -> nn.Sequential:
    """Blocks in a row, of which the first changes channels and size."""
    rest = (block(outputs, outputs, 1, decay) for _ in range(blocks - 1))
    return nn.Sequential(block(inputs, outputs, stride, decay), *rest)
