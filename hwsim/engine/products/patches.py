"""Convolutions as matrix products of input patches: any geometry, device and exact type."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from export.chip.graph import IntArray
from hwsim.engine.exact_product import narrowed
from hwsim.engine.products.geometry import ConvGeometry, as_tensor

CHUNK_BYTES = 2 << 20
"""Patches written out at once; they should stay in a core's cache."""


@dataclass(frozen=True)
class PatchProduct:
    """weight: [groups, output channels per group, K] in a type in which every sum is exact.

    In a float type, or int64 on a CPU (slow, and beyond doubt).
    """

    geometry: ConvGeometry
    weight: Tensor

    @classmethod
    def of(
        cls, geometry: ConvGeometry, weight: IntArray, dtype: torch.dtype, device: str
    ) -> "PatchProduct":
        """The convolution with weight [O, I / groups, kH, kW]."""
        kernels = weight.reshape(geometry.groups, weight.shape[0] // geometry.groups, -1)
        return cls(geometry, as_tensor(kernels, dtype, device))

    def __call__(self, events: Tensor) -> Tensor:
        """Sums [M, targets], wrapped to signed 24 bits where float32 doesn't hold them."""
        parts = events.split(self._rows_per_chunk())
        return torch.cat([self._product(part) for part in parts])

    def _product(self, events: Tensor) -> Tensor:
        _, rows, columns = self.geometry.target
        patches = self._patches(events.to(self.weight.dtype))
        product = (self.weight @ patches).reshape(-1, len(events), rows, columns)
        sums = self.geometry.flat(product.transpose(0, 1))
        return sums if sums.dtype == torch.float32 else narrowed(sums)

    def _patches(self, events: Tensor) -> Tensor:
        """Input patches as columns, [groups, K, M * positions]."""
        geometry = self.geometry
        (rows, columns), (down, right) = geometry.padding, geometry.dilation
        maps = F.pad(geometry.maps(events).transpose(0, 1), (columns, columns, rows, rows))
        tall, wide = (
            (k - 1) * d + 1 for k, d in zip(geometry.kernel, geometry.dilation, strict=True)
        )
        windows = maps.unfold(2, tall, geometry.stride[0]).unfold(3, wide, geometry.stride[1])
        windows = windows[..., ::down, ::right]
        positions = windows.shape[1] * windows.shape[2] * windows.shape[3]
        return windows.permute(0, 4, 5, 1, 2, 3).reshape(geometry.groups, -1, positions)

    def _rows_per_chunk(self) -> int:
        groups, _, taps = self.weight.shape
        _, rows, columns = self.geometry.target
        return max(1, CHUNK_BYTES // (groups * taps * rows * columns * self.weight.element_size()))
