"""Integer weights as unsigned 8-bit planes, the one format in which every runtime is exact.

    w = sum over planes of factor * (stored - zero_point),   stored and zero_point in 0..255

ONNX Runtime multiplies unsigned by unsigned bytes without saturation on every processor, while
unsigned by signed pairs go through an instruction whose 16-bit sums saturate where the processor
has no VNNI; and before version 1.24 its ConvInteger took unsigned weights only. Even weights in
[-256, 254], as the chip holds them, need one plane of factor 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray

BYTE_MAX = 255


@dataclass(frozen=True)
class Plane:
    """One byte per weight: factor * (stored - zero_point) is its share of the weight."""

    factor: int
    stored: NDArray[np.uint8]
    zero_point: int


def planes_of(weight: IntArray) -> tuple[Plane, ...]:
    """Splits integer weights of any size; one plane wherever a common factor and offset suffice."""
    common = max(1, int(np.gcd.reduce(weight, axis=None)))
    reduced = weight // common
    offset = max(0, -int(reduced.min()))
    if offset <= BYTE_MAX and int(reduced.max()) + offset <= BYTE_MAX:
        return (Plane(common, (reduced + offset).astype(np.uint8), offset),)
    low = reduced & BYTE_MAX
    rest = planes_of((reduced - low) // (BYTE_MAX + 1))
    higher = (Plane(common * (BYTE_MAX + 1) * p.factor, p.stored, p.zero_point) for p in rest)
    return (Plane(common, low.astype(np.uint8), 0), *higher)
