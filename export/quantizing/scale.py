"""Scales: how many mantissa units one unit of current is, one per population.

Integer = round(float * scale), for the weights of all projections onto it, bias and threshold
alike, so their ratios survive. What a population has room for stands in `export.quantizing.room`;
which of the scales that fit is taken is a search's business, see
`export.quantizing.scale_searches`.
"""

import numpy as np

from export.chip.limits import THRESHOLD_MANT_MAX
from export.errors import LimitExceeded
from export.quantizing.quantized_weights import identity_errors
from export.quantizing.weight_grid import WEIGHT_BITS

IDENTITY_SEARCH = 0.95
"""How much of the largest scale may be given up for an identity's weight, 0.45 dB."""


def exact_threshold(
    name: str,
    highest: float,
    threshold: float,
    identity: float | None = None,
    bits: int = WEIGHT_BITS,
) -> float:
    """The largest scale up to `highest` that makes an integer of the threshold.

    With an identity, a scale lower by up to 5 %, or by a step of the grid if that is more, is
    taken where the identity's weight then comes out nearer.

    Raises:
        LimitExceeded: the threshold would round to 0.
    """
    mantissa = int(highest * threshold)
    if mantissa < 1:
        raise no_threshold(name, highest * threshold)
    if identity is None:
        return mantissa / threshold
    given_up = min(IDENTITY_SEARCH, 1 / (1 + 2.0 ** (2 - bits)))
    lowest = max(1, int(np.ceil(given_up * mantissa)))
    scales = np.arange(mantissa, lowest - 1, -1) / threshold
    errors = identity_errors(identity, scales, bits)
    return (mantissa - int(errors.argmin())) / threshold


def check_threshold(name: str, threshold: float, scale: float) -> None:
    """Raises LimitExceeded where a given scale makes no mantissa of the threshold."""
    mantissa = round(threshold * scale)
    if mantissa < 1:
        raise no_threshold(name, threshold * scale)
    check_range(name, "threshold", mantissa, THRESHOLD_MANT_MAX, scale)


def check_range(name: str, what: str, value: float, limit: int, scale: float) -> None:
    """Raises LimitExceeded where a given scale takes a value past its limit."""
    if value > limit:
        raise LimitExceeded(
            f"layer '{name}': at the given scale {scale:.6g} its {what} would be {value:,.0f}, "
            f"above {limit:,}. Give a smaller scale."
        )


def ratio(limit: float, value: float) -> float:
    """The quotient, infinite where the value is 0."""
    return limit / value if value > 0 else float("inf")


def no_threshold(name: str, mantissa: float) -> LimitExceeded:
    """The refusal of a threshold whose mantissa would be 0."""
    return LimitExceeded(
        f"layer '{name}': its threshold would round to 0 ({mantissa:.3f}), since "
        "weights or currents are too large beside it. Train with weight decay."
    )
