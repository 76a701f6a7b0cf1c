"""What limits the scale of a population that the host drives by biases."""

from dataclasses import dataclass

from export.chip.limits import BIAS_MANT_MAX, THRESHOLD_MANT_MAX
from export.quantizing.room import STATE_MANT_MAX
from export.quantizing.scale import check_threshold, exact_threshold, ratio

BIAS_HEADROOM = 1.05
"""Input currents 5 % above the calibration's largest still fit the bias mantissa."""


@dataclass(frozen=True)
class InputRoom:
    """What limits the scale of a population that the host drives by biases.

    A constant current I charges the membrane to at most I * min(T, 1 / (1 - decay)).

    Args:
        name: population, for messages.
        largest_current: largest |current| on calibration data.
        decay: of the membrane.
        time_steps: T.
        threshold: float threshold.
    """

    name: str
    largest_current: float
    decay: float
    time_steps: int
    threshold: float

    def largest(self) -> float:
        """The largest scale at which currents fit bias mantissa and state, threshold exact.

        Raises:
            LimitExceeded: the threshold would round to 0.
        """
        steps = float(self.time_steps)
        charge = steps if self.decay == 1.0 else min(steps, 1.0 / (1.0 - self.decay))
        highest = min(
            ratio(BIAS_MANT_MAX, BIAS_HEADROOM * self.largest_current),
            ratio(STATE_MANT_MAX, BIAS_HEADROOM * self.largest_current * charge),
            THRESHOLD_MANT_MAX / self.threshold,
        )
        return exact_threshold(self.name, highest, self.threshold)

    def check(self, scale: float) -> None:
        """Raises LimitExceeded where a given scale has no threshold; currents may be clipped."""
        check_threshold(self.name, self.threshold, scale)
