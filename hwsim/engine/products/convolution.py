"""Convolutions by oneDNN's direct algorithm in float32, exact below 2^24."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from export.chip.graph import IntArray
from hwsim.engine.products.geometry import ConvGeometry, as_tensor


@dataclass(frozen=True)
class FloatConvolution:
    """weight: float32 [O, I / groups, kH, kW], channels last in memory."""

    geometry: ConvGeometry
    weight: Tensor

    @classmethod
    def of(cls, geometry: ConvGeometry, weight: IntArray) -> "FloatConvolution":
        """The convolution with these integers, on a CPU."""
        kernels = as_tensor(weight, torch.float32, "cpu")
        return cls(geometry, kernels.contiguous(memory_format=torch.channels_last))

    def __call__(self, events: Tensor) -> Tensor:
        """Sums, float32 [M, targets]."""
        geometry = self.geometry
        # NNPACK would compute in the frequency domain, which rounds.
        with torch.backends.nnpack.flags(enabled=False):
            images = F.conv2d(
                geometry.maps(events.to(torch.float32)), self.weight, None, geometry.stride,
                geometry.padding, geometry.dilation, geometry.groups,
            )  # fmt: skip
        return geometry.flat(images)
