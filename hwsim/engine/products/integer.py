"""Products of 8-bit integers by oneDNN, summed up in 32 bits: what torch's quantised layers run.

Even weights in [-256, 254] are halved to 8 bits and the sums doubled; weights in [-128, 127] stay.
Events are payloads of 0 to 127: two products of them with 8-bit weights fit the 16 bits in which
processors without VNNI add pairs.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray
from hwsim.engine.products.geometry import ConvGeometry

PAYLOAD_MAX = 127
INT8 = (-128, 127)


@dataclass(frozen=True)
class EightBit:
    """Weights as 8-bit integers and the factor, 1 or 2, that was taken out of them."""

    weight: Tensor
    factor: int


def eight_bit(weight: IntArray) -> EightBit | None:
    """The weights in 8 bits; None where that loses something."""
    for factor in (1, 2):
        shared = weight // factor
        if (shared * factor == weight).all() and INT8[0] <= shared.min() <= shared.max() <= INT8[1]:
            return EightBit(torch.from_numpy(shared.astype(np.int8)), factor)
    return None


@dataclass(frozen=True)
class IntegerConvolution:
    """A convolution whose weights oneDNN has packed."""

    geometry: ConvGeometry
    packed: Tensor
    scale: Tensor
    zero: Tensor

    @classmethod
    def of(cls, geometry: ConvGeometry, weight: EightBit) -> "IntegerConvolution":
        """Packs the weights [O, I / groups, kH, kW]."""
        outputs = len(weight.weight)
        scale = torch.full((outputs,), float(weight.factor))
        packed = torch.ops.onednn.qconv_prepack(
            weight.weight, scale, 1.0, 0, geometry.stride, geometry.padding, geometry.dilation,
            geometry.groups, None,
        )  # fmt: skip
        return cls(geometry, packed, scale, torch.zeros(outputs, dtype=torch.int64))

    def __call__(self, events: Tensor) -> Tensor:
        """Sums, float32 [M, targets], of uint8 events."""
        geometry = self.geometry
        images = torch.ops.onednn.qconv2d_pointwise(
            geometry.maps(events), 1.0, 0, self.packed, self.scale, self.zero, None,
            geometry.stride, geometry.padding, geometry.dilation, geometry.groups,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return geometry.flat(images)


@dataclass(frozen=True)
class IntegerMatrix:
    """A dense matrix whose weights oneDNN has packed."""

    packed: Tensor
    scale: Tensor
    zero: Tensor

    @classmethod
    def of(cls, weight: EightBit) -> "IntegerMatrix":
        """Packs the weights [targets, sources]."""
        targets = len(weight.weight)
        return cls(
            torch.ops.onednn.qlinear_prepack(weight.weight, None),
            torch.full((targets,), float(weight.factor)),
            torch.zeros(targets, dtype=torch.int64),
        )

    def __call__(self, events: Tensor) -> Tensor:
        """Sums, float32 [M, targets], of uint8 events."""
        sums: Tensor = torch.ops.onednn.qlinear_pointwise(
            events, 1.0, 0, self.packed, self.scale, self.zero, None,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return sums


@cache
def integer_operators() -> bool:
    """Whether this build of torch has oneDNN's 8-bit operators and they run on this processor."""
    if not torch.backends.mkldnn.is_available():
        return False
    geometry = ConvGeometry((1, 2, 2), (1, 2, 2), (1, 1), (1, 1), (0, 0), (1, 1), 1)
    events = torch.ones((1, 4), dtype=torch.uint8)
    weight = eight_bit(np.full((1, 1, 1, 1), -3))
    matrix = eight_bit(np.full((1, 4), 2))
    if weight is None or matrix is None:
        return False
    try:
        sums = IntegerConvolution.of(geometry, weight)(events)
        total = IntegerMatrix.of(matrix)(events)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    return sums.tolist() == [[-3.0] * 4] and total.tolist() == [[8.0]]
