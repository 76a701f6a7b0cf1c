"""Exact matrix products of non-negative integers, in float64 where that is exact."""

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray

EXACT_BELOW = 1 << 53
"""Sums of integers in float64, which is far faster to multiply, are exact below this."""


def integer_product(left: IntArray, right: IntArray | NDArray[np.bool_]) -> IntArray:
    """Exact matrix product of non-negative integers."""
    largest = int(left.max(initial=0)) * int(right.max(initial=0)) * left.shape[-1]
    if largest >= EXACT_BELOW:
        return left @ right.astype(np.int64)
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
