"""One scale per population: how many mantissa units one unit of current is.

Integer = round(float * scale), for weights, bias and threshold alike, so their ratios survive.
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
    name: str, weight: FloatArray, bias: FloatArray, threshold: float, largest_membrane: float
) -> float:
    """The largest scale at which weights, bias, threshold and membrane all fit, threshold exact.

    Args:
        name: population, for messages.
        weight: float weights.
        bias: float bias.
        threshold: float threshold (1 after freezing, unless it couldn't be rescaled).
        largest_membrane: largest |u| of the population on calibration data.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    scale = _exact_threshold(
        name,
        min(
            _weight_limit(name, weight),
            _ratio(BIAS_MANT_MAX, float(np.abs(bias).max(initial=0.0))),
            THRESHOLD_MANT_MAX / threshold,
            _ratio(STATE_MANT_MAX, STATE_HEADROOM * largest_membrane),
        ),
        threshold,
    )
    while (lower := _scale_that_survives(name, weight, scale)) < scale:
        scale = _exact_threshold(name, lower, threshold)
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


def readout_scale(name: str, weight: FloatArray, bias: FloatArray, time_steps: int) -> float:
    """The largest scale at which T steps of any input spikes can't saturate the voltage.

    The bound is T * max over classes of the sum of positive (or of negative) weights and bias,
    after rounding.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    scale = min(
        _weight_limit(name, weight), _ratio(BIAS_MANT_MAX, float(np.abs(bias).max(initial=0.0)))
    )
    while True:
        scale = _scale_that_survives(name, weight, scale)
        worst = worst_voltage(quantized(weight, bias, scale), time_steps)
        if worst <= STATE_MANT_MAX:
            return scale
        scale *= min(0.999, STATE_MANT_MAX / worst)


def worst_voltage(integers: QuantizedWeights, time_steps: int) -> int:
    """Largest |voltage mantissa| that T steps with any subset of inputs firing can reach."""
    weight = integers.weight.reshape(len(integers.bias), -1)
    upper = np.maximum(weight, 0).sum(axis=1) + np.maximum(integers.bias, 0)
    lower = np.minimum(weight, 0).sum(axis=1) + np.minimum(integers.bias, 0)
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


def _weight_limit(name: str, weight: FloatArray) -> float:
    highest, lowest = float(weight.max(initial=0.0)), float(weight.min(initial=0.0))
    if highest == 0.0 == lowest:
        raise LimitExceeded(
            f"layer '{name}': every weight is 0, and the chip format can't hold such a layer. "
            "Train longer or remove it."
        )
    return min(_ratio(WEIGHT_MAX, highest), _ratio(-WEIGHT_MIN, -lowest))


def _scale_that_survives(name: str, weight: FloatArray, scale: float) -> float:
    """The largest scale up to `scale` at which Lava keeps the rounded weights.

    A dense matrix without a positive weight is corrupted where its minimum is -2^k, and one of
    zeros alone can't be built.
    """
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


def _exact_threshold(name: str, highest: float, threshold: float) -> float:
    mantissa = int(highest * threshold)
    if mantissa < 1:
        raise LimitExceeded(
            f"layer '{name}': its threshold would round to 0 ({highest * threshold:.3f}), since "
            "weights or currents are too large beside it. Train with weight decay."
        )
    return mantissa / threshold


def _ratio(limit: float, value: float) -> float:
    return limit / value if value > 0 else float("inf")
