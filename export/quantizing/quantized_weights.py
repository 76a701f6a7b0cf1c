"""Float weights of one projection as the chip's integers, with what that changed."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import IntArray
from export.quantizing.weight_grid import WEIGHT_BITS, FloatArray, WeightGrid, weight_grids


@dataclass(frozen=True)
class QuantizedWeights:
    """Integers of one projection, with what rounding did to them.

    Args:
        weight: on the grid.
        bias: mantissas.
        scale: integer per unit of float.
        grid: what a weight can be.
        clipped: weights beyond an end of the grid, whose value became that end.
        sqnr_db: signal-to-quantisation-noise ratio of the weights, dB (inf without error).
    """

    weight: IntArray
    bias: IntArray
    scale: float
    grid: WeightGrid
    clipped: int
    sqnr_db: float


def quantized(
    weight: FloatArray, bias: FloatArray, scale: float, bits: int = WEIGHT_BITS
) -> QuantizedWeights:
    """Weights to the grid that leaves the smallest squared error, bias to integers.

    Raises:
        LimitExceeded: the chip has no weights of that many bits.
    """
    grid, noise = best_grid(weight, scale, bits)
    signal = float(np.square(weight).sum())
    return QuantizedWeights(
        weight=grid.nearest(weight * scale),
        bias=np.rint(bias * scale).astype(np.int64),
        scale=scale,
        grid=grid,
        clipped=grid.beyond(weight * scale),
        sqnr_db=10 * float(np.log10(signal / noise)) if noise > 0 else float("inf"),
    )


def best_grid(weight: FloatArray, scale: float, bits: int) -> tuple[WeightGrid, float]:
    """The grid with the smallest sum of squared errors of the weights, and that sum.

    Grids on which Lava wouldn't keep the matrix count only where there is no other; the coarser
    one wins a tie.
    """
    grids = weight_grids(bits)
    scaled = weight * scale
    lowest, highest = float(scaled.min()), float(scaled.max())
    kept = [grid for grid in grids if grid.survives(lowest, highest)] or list(grids)
    errors = [float(np.square(weight - grid.nearest(scaled) / scale).sum()) for grid in kept]
    best = int(np.argmin(errors))
    return kept[best], errors[best]


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


def identity_errors(identity: float, scales: FloatArray, bits: int = WEIGHT_BITS) -> FloatArray:
    """Relative error of an identity's weight on its best grid, one per scale."""
    wanted = identity * scales
    errors = [np.abs(grid.nearest(wanted) / wanted - 1) for grid in weight_grids(bits)]
    smallest: FloatArray = np.min(errors, axis=0)
    return smallest


def rounded_identity(identity: float, scale: float, bits: int = WEIGHT_BITS) -> float:
    """Relative error of an identity's weight once it is an integer of the grid."""
    return float(identity_errors(identity, np.array([scale]), bits)[0])
