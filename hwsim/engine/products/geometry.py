"""Where a convolution's synapses lie, and its weights in the shapes the products want."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import ConvProjection, IntArray

Pair = tuple[int, int]


@dataclass(frozen=True)
class ConvGeometry:
    """A convolution without its weights: (C, H, W) shapes, and (rows, columns) pairs."""

    source: tuple[int, int, int]
    target: tuple[int, int, int]
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int

    @property
    def products(self) -> int:
        """Multiply-accumulates for one step, borders counted in full."""
        inputs = self.source[0] // self.groups
        return int(np.prod(self.target)) * inputs * self.kernel[0] * self.kernel[1]

    def maps(self, events: Tensor) -> Tensor:
        """Events [M, sources] as images [M, C, H, W], channels last in memory."""
        channels, rows, columns = self.source
        return events.view(-1, rows, columns, channels).permute(0, 3, 1, 2)

    def flat(self, images: Tensor) -> Tensor:
        """Images [M, O, H', W'] as [M, targets] in the emulator's order."""
        return images.permute(0, 2, 3, 1).reshape(len(images), -1)


def conv_geometry(
    projection: ConvProjection, source: tuple[int, ...], target: tuple[int, ...]
) -> ConvGeometry:
    """The geometry of a projection between populations of these shapes."""
    (channels, rows, columns), (outputs, tall, wide) = source, target
    return ConvGeometry(
        (channels, rows, columns),
        (outputs, tall, wide),
        (int(projection.weight.shape[2]), int(projection.weight.shape[3])),
        projection.stride,
        projection.padding,
        projection.dilation,
        projection.groups,
    )


def as_tensor(values: IntArray, dtype: torch.dtype, device: str) -> Tensor:
    """Integers in a type that holds them."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(device, dtype)
