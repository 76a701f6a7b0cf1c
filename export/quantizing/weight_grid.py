"""The integers that a weight of b bits can be.

    weight = step * k ,   step = 2^(9 - b - e) ,   -2^(b-1) <= k <= 2^(b-1) - 1

With exponent e = 0: 8 bits are the even integers in [-256, 254], 4 bits the multiples of 32 in
[-256, 224], 2 bits -256, -128, 0 and 128. The chip holds k, and one exponent per projection, so a
projection whose integers stay below 2^(8-e) may use the finer steps of e = 1..8-b, down to 2. Lava
reads bits and exponent off the matrix, see `export.chip.dense_rule`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray
from export.errors import LimitExceeded

FloatArray = NDArray[np.float64]

WEIGHT_BITS = 8
FEWEST_BITS = 2


@dataclass(frozen=True)
class WeightGrid:
    """Multiples of `step` from `lowest` to `highest`.

    Args:
        bits: of a weight, sign included.
        exponent: 0 for the whole range, e for one that is 2^e times smaller and finer.
    """

    bits: int = WEIGHT_BITS
    exponent: int = 0

    @property
    def step(self) -> int:
        """Distance between neighbours."""
        return 1 << (9 - self.bits - self.exponent)

    @property
    def lowest(self) -> int:
        """The smallest weight."""
        return -(1 << (8 - self.exponent))

    @property
    def highest(self) -> int:
        """The largest weight."""
        return -self.lowest - self.step

    def nearest(self, values: FloatArray) -> IntArray:
        """The nearest weights, ties to the even multiple; values beyond an end become that end."""
        multiples = self.step * np.rint(values / self.step)
        found: IntArray = np.clip(multiples, self.lowest, self.highest).astype(np.int64)
        return found

    def beyond(self, values: FloatArray) -> int:
        """How many values were clipped: rounding alone would have left the range."""
        multiples = self.step * np.rint(values / self.step)
        return int(((multiples < self.lowest) | (multiples > self.highest)).sum())

    def survives(self, lowest: float, highest: float) -> bool:
        """Whether Lava keeps a matrix with these extremes once it is rounded.

        It corrupts one without a positive weight whose minimum is -2^k, and can't build one of
        zeros alone.
        """
        least, most = self.nearest(np.array([lowest, highest])).tolist()
        return most > 0 or bool(least and (-least) & (-least - 1))


def weight_grids(bits: int) -> tuple[WeightGrid, ...]:
    """All grids of that many bits, from the coarsest, whose exponent is 0.

    Raises:
        LimitExceeded: the chip has no such weights.
    """
    if not FEWEST_BITS <= bits <= WEIGHT_BITS:
        raise LimitExceeded(
            f"quantisation: weight_bits is {bits}, but the chip's weights have {FEWEST_BITS} to "
            f"{WEIGHT_BITS} bits. Choose one of those."
        )
    return tuple(WeightGrid(bits, exponent) for exponent in range(WEIGHT_BITS - bits + 1))
