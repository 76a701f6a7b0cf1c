"""What a runtime computes in, and what that can cost; `hwsim.verify.rounding` has the theory."""

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

Count = TypeVar("Count", float, Tensor)

SINGLE = 2.0**-24
DOUBLE = 2.0**-53
TINY = 2.0**-126


@dataclass(frozen=True)
class Arithmetic:
    """What a runtime computes in.

    Args:
        roundoff: unit roundoff h of its operations.
        parameter_error: p, the relative error of a stored neuron parameter.
        single_weights: whether weights are stored in float32.
        exact: whether only equal spikes will do; rounding is no excuse in float64.
    """

    roundoff: float
    parameter_error: float
    single_weights: bool
    exact: bool = False


FLOAT64 = Arithmetic(DOUBLE, 8 * DOUBLE, single_weights=False, exact=True)

FLOAT32 = Arithmetic(SINGLE, SINGLE, single_weights=True)

FLOAT32_PARAMETERS = Arithmetic(DOUBLE, 4 * SINGLE, single_weights=True)
"""Norse rounds tau, inverts it and multiplies it by dt, each in float32."""


def gamma(roundings: Count, roundoff: float) -> Count:
    """gamma_n = n h / (1 - n h): relative error that n roundings in a row can't exceed."""
    return roundings * roundoff / (1 - roundings * roundoff)
