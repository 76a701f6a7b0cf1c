"""Ranges that payloads could have: one per number of bits, and one that loses nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded

FloatArray = NDArray[np.float64]

WHOLE = 1e-3
"""How far from a whole number of steps a value may lie and still count as one."""

BLOCK = 32
"""Samples that are looked at at once."""


@dataclass(frozen=True)
class PayloadRange:
    """payload = round(x * scale) within lowest..highest; `bits` counts the sign where needed."""

    bits: int
    scale: float
    lowest: int
    highest: int

    def payloads(self, samples: NDArray[Any]) -> FloatArray:
        """The samples' payloads, integers as float64."""
        rounded = np.rint(samples.astype(np.float64) * self.scale)
        clipped: FloatArray = np.clip(rounded, self.lowest, self.highest)
        return clipped


def payload_ranges(name: str, samples: NDArray[Any], most_bits: int) -> Iterator[PayloadRange]:
    """From most bits to fewest; the samples' largest |value| takes the largest payload.

    Where all samples are small multiples of one step, the range that loses nothing comes first.

    Args:
        name: of the layer, for messages.
        samples: calibration inputs.
        most_bits: of a payload; one of them is the sign where a sample is negative.

    Raises:
        LimitExceeded: all samples are 0, or are negative and a sign is all there is room for.
    """
    largest, signed = _largest(samples), bool((samples < 0).any())
    if largest == 0.0 or most_bits <= signed:
        what = "are all 0" if largest == 0.0 else "are negative, and 1 bit holds a sign alone"
        raise LimitExceeded(
            f"layer '{name}', graded input: the calibration inputs {what}. Calibrate with samples "
            "like the test split's, or set export.payload_bits to 2 or more."
        )
    most = most_bits - signed
    exact = lossless_payload(samples, largest, (1 << most) - 1)
    tops = [(1 << bits) - 1 for bits in range(most, 0, -1)]
    for highest in dict.fromkeys(tops if exact is None else [exact, *tops]):
        yield PayloadRange(
            highest.bit_length() + signed,
            highest / largest,
            -highest if signed else 0,
            highest,
        )


def lossless_payload(samples: NDArray[Any], largest: float, most: int) -> int | None:
    """The largest payload if every sample is a multiple of one step, at most `most` of them."""
    values = np.zeros(0)
    for start in range(0, len(samples), BLOCK):
        found = np.abs(samples[start : start + BLOCK].astype(np.float64))
        values = np.union1d(values, found)
        if len(values) > most + 1:
            return None
    smallest = float(np.diff(values, prepend=0.0)[values > 0].min())
    highest = round(largest / smallest)
    # Differences of rounded values are a little off; the largest value divided is not.
    steps = values * (highest / largest)
    whole = bool(np.abs(steps - np.rint(steps)).max() <= WHOLE)
    return highest if whole and highest <= most else None


def _largest(samples: NDArray[Any]) -> float:
    return max(float(samples.max()), -float(samples.min()))
