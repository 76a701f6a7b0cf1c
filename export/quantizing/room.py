"""What limits a population's scale: the chip's ranges, and calibration data."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from export.chip.limits import BIAS_MANT_MAX, THRESHOLD_MANT_MAX
from export.errors import LimitExceeded
from export.quantizing.quantized_weights import (
    QuantizedWeights,
    best_grid,
    quantized,
    worst_voltage,
)
from export.quantizing.scale import check_range, check_threshold, exact_threshold, ratio
from export.quantizing.surviving_scale import surviving_scale, unclipped_scale
from export.quantizing.weight_grid import WEIGHT_BITS, FloatArray, weight_grids

STATE_MANT_MAX = THRESHOLD_MANT_MAX
"""v saturates at 2^23 - 1 = ((2^17 - 1) << 6) + 63; larger mantissas don't fit the state."""

STATE_HEADROOM = 2.0
"""Membranes twice as large as the calibration's largest still fit the state."""


@dataclass(frozen=True)
class Room(ABC):
    """What limits a population's scale.

    Args:
        name: population, for messages.
        weights: float weights of each projection onto it, outputs first.
        bias: float bias.
        bits: of a weight.
        difference: how far the layer at some scale is from the float one on calibration data; None
            where nothing was recorded.
    """

    name: str
    weights: tuple[FloatArray, ...]
    bias: FloatArray
    bits: int = WEIGHT_BITS
    difference: Callable[[float], float] | None = None

    @property
    @abstractmethod
    def ceiling(self) -> float:
        """The largest scale at which all but the weights fits."""

    @abstractmethod
    def fitting(self, highest: float) -> float:
        """The largest scale up to `highest` at which everything fits.

        Raises:
            LimitExceeded: there is none.
        """

    @abstractmethod
    def check(self, scale: float) -> None:
        """Raises LimitExceeded where a scale that somebody chose doesn't fit; weights may clip."""

    @property
    def unclipped(self) -> float:
        """The largest scale at which no weight is clipped."""
        return min(unclipped_scale(self.name, weight, self.bits) for weight in self.weights)

    def squared_error(self, scale: float) -> float:
        """Sum of the squared errors of all weights, clipping included."""
        return sum(best_grid(weight, scale, self.bits)[1] for weight in self.weights)

    def integers(self, scale: float) -> tuple[QuantizedWeights, ...]:
        """Each projection's integers."""
        bias = self.bias.reshape(-1)
        return tuple(quantized(weight, bias, scale, self.bits) for weight in self.weights)

    def _check_survival(self, scale: float) -> None:
        if surviving_scale(self.name, self.weights, scale, self.bits) < scale:
            raise LimitExceeded(
                f"layer '{self.name}': at the given scale {scale:.6g} a matrix has no positive "
                "weight and its smallest is minus a power of two, which Lava corrupts. "
                "Give another scale."
            )

    def _check_bias(self, scale: float) -> None:
        largest = float(np.abs(np.rint(self.bias * scale)).max(initial=0.0))
        check_range(self.name, "largest |bias|", largest, BIAS_MANT_MAX, scale)


@dataclass(frozen=True)
class HiddenRoom(Room):
    """A population that fires: weights, bias, threshold and membrane fit, the threshold exactly.

    An identity's weight, 1 spike = 1 unit of current, should come out on the grid: a scale a little
    smaller is taken where that brings it nearer.

    Args:
        threshold: float threshold (1 after freezing, unless it couldn't be rescaled).
        largest_membrane: largest |u| of the population on calibration data.
        fixed: smallest and largest |weight| of spikes that arrive without weights of their own;
            the network's form fixes them, and no search clips them.
    """

    threshold: float = 1.0
    largest_membrane: float = 0.0
    fixed: tuple[float, float] | None = None

    @property
    def ceiling(self) -> float:
        """See Room."""
        highest = weight_grids(self.bits)[0].highest
        return min(
            ratio(BIAS_MANT_MAX, float(np.abs(self.bias).max(initial=0.0))),
            THRESHOLD_MANT_MAX / self.threshold,
            ratio(STATE_MANT_MAX, STATE_HEADROOM * self.largest_membrane),
            ratio(highest, 0.0 if self.fixed is None else self.fixed[1]),
        )

    def fitting(self, highest: float) -> float:
        """See Room."""
        scale = self._exact(highest)
        while (lower := surviving_scale(self.name, self.weights, scale, self.bits)) < scale:
            scale = self._exact(lower)
        return scale

    def check(self, scale: float) -> None:
        """See Room; membranes need no headroom beyond the calibration's here."""
        check_threshold(self.name, self.threshold, scale)
        self._check_bias(scale)
        reached = np.floor(self.largest_membrane * scale)
        check_range(self.name, "largest membrane", reached, STATE_MANT_MAX, scale)
        self._check_survival(scale)

    def _exact(self, highest: float) -> float:
        identity = None if self.fixed is None else self.fixed[0]
        return exact_threshold(self.name, highest, self.threshold, identity, self.bits)


@dataclass(frozen=True)
class ReadoutRoom(Room):
    """A readout: T steps of any input spikes can't saturate its voltage.

    The bound is T * max over classes of the sum of positive (or of negative) weights, over all
    projections, and bias, after rounding.

    Args:
        time_steps: T.
    """

    time_steps: int = 1

    @property
    def ceiling(self) -> float:
        """See Room; the voltage is `fitting`'s business."""
        return ratio(BIAS_MANT_MAX, float(np.abs(self.bias).max(initial=0.0)))

    def fitting(self, highest: float) -> float:
        """See Room."""
        scale = highest
        while True:
            scale = surviving_scale(self.name, self.weights, scale, self.bits)
            worst = worst_voltage(self.integers(scale), self.time_steps)
            if worst <= STATE_MANT_MAX:
                return scale
            scale *= min(0.999, STATE_MANT_MAX / worst)

    def check(self, scale: float) -> None:
        """See Room."""
        self._check_bias(scale)
        self._check_survival(scale)
        worst = worst_voltage(self.integers(scale), self.time_steps)
        check_range(self.name, "voltage after the last step", worst, STATE_MANT_MAX, scale)
