"""What quantising made of graded inputs, and how far their sums are from wrapping.

u takes a << 6 and holds 24 bits, so a synaptic sum a of payloads is safe up to |a| = 131,071.
"""

from dataclasses import dataclass

from export.chip.limits import STATE_LIMIT, STATE_SHIFT

SUM_MAX = (STATE_LIMIT >> STATE_SHIFT) - 1
"""Largest |a| that leaves u within 24 bits."""


@dataclass(frozen=True)
class PayloadQuantization:
    """Payloads into one population.

    Args:
        bits: of a payload, sign included where there are negative ones.
        asked_bits: the most it could have had.
        scale: payload per unit of input.
        lowest: smallest payload.
        highest: largest payload.
        calibration_sum: largest |a| on calibration data.
        worst_sum: largest |a| that any payloads of the range can make.
        error: RMS of the current's error on calibration data, as a share of its RMS.
    """

    bits: int
    asked_bits: int
    scale: float
    lowest: int
    highest: int
    calibration_sum: int
    worst_sum: int
    error: float

    @property
    def can_wrap(self) -> bool:
        """Whether some input within the payloads' range makes u wrap."""
        return self.worst_sum > SUM_MAX

    def __str__(self) -> str:
        fewer = f" of {self.asked_bits} asked for" if self.bits < self.asked_bits else ""
        wraps = (
            ", so u can wrap on inputs unlike the calibration's (counted as wraps)"
            if self.can_wrap
            else ", so u can't wrap"
        )
        return (
            f"graded input: {self.bits} bits{fewer}, payloads {self.lowest}..{self.highest}, "
            f"current off by {self.error:.2%}; |a| at most {self.calibration_sum:,} on "
            f"calibration data and {self.worst_sum:,} for any payloads, limit {SUM_MAX:,}{wraps}"
        )
