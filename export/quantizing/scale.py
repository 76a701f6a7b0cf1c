"""One scale per population: how many mantissa units one unit of current is.

Integer = round(float * scale), for the weights of all projections onto it, bias and threshold
alike, so their ratios survive. An identity's weight, 1 spike = 1 unit of current, should come out
even: a scale up to 5 % smaller is taken where that brings it nearer to an even integer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray
from export.chip.limits import BIAS_MANT_MAX, THRESHOLD_MANT_MAX, WEIGHT_MAX, WEIGHT_MIN
from export.errors import LimitExceeded

FloatArray = NDArray[np.float64]

STATE_MANT_MAX = THRESHOLD_MANT_MAX
"""v saturates at 2^23 - 1 = ((2^17 - 1) << 6) + 63; larger mantissas don't fit the state."""

BIAS_HEADROOM = 1.05
"""Input currents 5 % above the calibration's largest still fit the bias mantissa."""

STATE_HEADROOM = 2.0
"""Membranes twice as large as the calibration's largest still fit the state."""

IDENTITY_SEARCH = 0.95
"""How much of the largest scale may be given up for an identity's weight, 0.45 dB."""

CLEAR_OF_POWER = 1.001
"""A minimum of -2^k is lowered until it rounds to -2^k + 2: past -2^k + 1, the tie between them."""


@dataclass(frozen=True)
class QuantizedWeights:
    """Integers of one projection, with what rounding did to them.

    Args:
        weight: even integers in [-256, 254].
        bias: mantissas.
        scale: integer per unit of float.
        sqnr_db: signal-to-quantisation-noise ratio of the weights, dB (inf without error).
    """

    weight: IntArray
    bias: IntArray
    scale: float
    sqnr_db: float


def hidden_scale(
    name: str,
    weights: FloatArray | tuple[FloatArray, ...],
    bias: FloatArray,
    threshold: float,
    largest_membrane: float,
    identity: float | None = None,
) -> float:
    """The largest scale at which weights, bias, threshold and membrane all fit, threshold exact.

    Args:
        name: population, for messages.
        weights: float weights of each projection onto it.
        bias: float bias.
        threshold: float threshold (1 after freezing, unless it couldn't be rescaled).
        largest_membrane: largest |u| of the population on calibration data.
        identity: weight that the network's form fixes, of spikes that arrive without weights.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    matrices = weights if isinstance(weights, tuple) else (weights,)
    highest = min(
        _weight_limit(name, matrices),
        _ratio(BIAS_MANT_MAX, float(np.abs(bias).max(initial=0.0))),
        THRESHOLD_MANT_MAX / threshold,
        _ratio(STATE_MANT_MAX, STATE_HEADROOM * largest_membrane),
    )
    scale = _exact_threshold(name, highest, threshold, identity)
    while (lower := _scale_that_survives(name, matrices, scale)) < scale:
        scale = _exact_threshold(name, lower, threshold, identity)
    return scale


def input_scale(
    name: str, largest_current: float, decay: float, time_steps: int, threshold: float
) -> float:
    """The largest scale at which the host's currents fit the bias mantissa and the state.

    A constant current I charges the membrane to at most I * min(T, 1 / (1 - decay)).

    Raises:
        LimitExceeded: the threshold would round to 0.
    """
    charge = float(time_steps) if decay == 1.0 else min(float(time_steps), 1.0 / (1.0 - decay))
    highest = min(
        _ratio(BIAS_MANT_MAX, BIAS_HEADROOM * largest_current),
        _ratio(STATE_MANT_MAX, BIAS_HEADROOM * largest_current * charge),
        THRESHOLD_MANT_MAX / threshold,
    )
    return _exact_threshold(name, highest, threshold)


def readout_scale(
    name: str,
    weights: FloatArray | tuple[FloatArray, ...],
    bias: FloatArray,
    time_steps: int,
) -> float:
    """The largest scale at which T steps of any input spikes can't saturate the voltage.

    The bound is T * max over classes of the sum of positive (or of negative) weights, over all
    projections, and bias, after rounding.

    Args:
        name: population, for messages.
        weights: float weights of each projection onto it, outputs first.
        bias: float bias, one per output.
        time_steps: T.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    matrices = weights if isinstance(weights, tuple) else (weights,)
    scale = min(
        _weight_limit(name, matrices), _ratio(BIAS_MANT_MAX, float(np.abs(bias).max(initial=0.0)))
    )
    while True:
        scale = _scale_that_survives(name, matrices, scale)
        integers = tuple(quantized(weight, bias, scale) for weight in matrices)
        worst = worst_voltage(integers, time_steps)
        if worst <= STATE_MANT_MAX:
            return scale
        scale *= min(0.999, STATE_MANT_MAX / worst)


def worst_voltage(
    integers: QuantizedWeights | tuple[QuantizedWeights, ...], time_steps: int
) -> int:
    """Largest |voltage mantissa| that T steps with any subset of inputs firing can reach.

    Args:
        integers: of each projection; all name the population's bias, which counts once.
        time_steps: T.
    """
    parts = integers if isinstance(integers, tuple) else (integers,)
    bias = parts[0].bias
    upper, lower = np.maximum(bias, 0), np.minimum(bias, 0)
    for part in parts:
        weight = part.weight.reshape(len(bias), -1)
        upper = upper + np.maximum(weight, 0).sum(axis=1)
        lower = lower + np.minimum(weight, 0).sum(axis=1)
    return int(time_steps * max(upper.max(), -lower.min()))


def quantized(weight: FloatArray, bias: FloatArray, scale: float) -> QuantizedWeights:
    """Weights to even integers, bias to integers."""
    integers = np.clip(_even(weight, scale), WEIGHT_MIN, WEIGHT_MAX)
    noise = float(np.square(weight - integers / scale).sum())
    signal = float(np.square(weight).sum())
    return QuantizedWeights(
        weight=integers,
        bias=np.rint(bias * scale).astype(np.int64),
        scale=scale,
        sqnr_db=10 * float(np.log10(signal / noise)) if noise > 0 else float("inf"),
    )


def rounded_identity(identity: float, scale: float) -> float:
    """Relative error of an identity's weight once it is an even integer."""
    return abs(float(_even(np.array(identity), scale)) / (identity * scale) - 1)


def _weight_limit(name: str, weights: tuple[FloatArray, ...]) -> float:
    limits = []
    for weight in weights:
        highest, lowest = float(weight.max(initial=0.0)), float(weight.min(initial=0.0))
        if highest == 0.0 == lowest:
            raise LimitExceeded(
                f"layer '{name}': every weight is 0, and the chip format can't hold such a layer. "
                "Train longer or remove it."
            )
        limits.append(min(_ratio(WEIGHT_MAX, highest), _ratio(-WEIGHT_MIN, -lowest)))
    return min(limits)


def _scale_that_survives(name: str, weights: tuple[FloatArray, ...], scale: float) -> float:
    """The largest scale up to `scale` at which Lava keeps the rounded weights.

    A dense matrix without a positive weight is corrupted where its minimum is -2^k, and one of
    zeros alone can't be built.
    """
    while (lower := min(_survives(name, weight, scale) for weight in weights)) < scale:
        scale = lower
    return scale


def _survives(name: str, weight: FloatArray, scale: float) -> float:
    extremes = np.array([weight.min(), weight.max()])
    while True:
        lowest, highest = (int(extreme) for extreme in _even(extremes, scale))
        if lowest == 0 == highest:
            raise LimitExceeded(
                f"layer '{name}': at {scale:.3g} per unit all its weights round to 0 (or to a "
                "form that Lava corrupts), since bias, threshold or membranes are too large "
                "beside them. Train with weight decay on the biases."
            )
        if highest > 0 or (-lowest) & (-lowest - 1):
            return scale
        scale = (-lowest - CLEAR_OF_POWER) / -float(extremes[0])


def _even(weight: FloatArray, scale: float) -> IntArray:
    return 2 * np.rint(weight * (scale / 2)).astype(np.int64)


def _exact_threshold(
    name: str, highest: float, threshold: float, identity: float | None = None
) -> float:
    mantissa = int(highest * threshold)
    if mantissa < 1:
        raise LimitExceeded(
            f"layer '{name}': its threshold would round to 0 ({highest * threshold:.3f}), since "
            "weights or currents are too large beside it. Train with weight decay."
        )
    if identity is None:
        return mantissa / threshold
    lowest = max(1, int(np.ceil(IDENTITY_SEARCH * mantissa)))
    wanted = identity * np.arange(mantissa, lowest - 1, -1) / threshold
    errors = np.abs(2 * np.rint(wanted / 2) / wanted - 1)
    return (mantissa - int(errors.argmin())) / threshold


def _ratio(limit: float, value: float) -> float:
    return limit / value if value > 0 else float("inf")
