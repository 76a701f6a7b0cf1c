"""Scales at which rounded weights neither vanish nor become what Lava corrupts.

A dense matrix without a positive weight is corrupted where its minimum is -2^k, and one of zeros
alone can't be built. Only a matrix's extremes, and the grids it may use, decide that.
"""

import numpy as np

from export.errors import LimitExceeded
from export.quantizing.weight_grid import FloatArray, WeightGrid, weight_grids

CLEAR_OF_POWER = 1.001
"""A minimum of -2^k is lowered until it rounds one step higher: past the tie between them."""


def unclipped_scale(name: str, weight: FloatArray, bits: int) -> float:
    """The largest scale at which no weight is clipped.

    Raises:
        LimitExceeded: every weight is 0.
    """
    highest, lowest = float(weight.max(initial=0.0)), float(weight.min(initial=0.0))
    if highest == 0.0 == lowest:
        raise LimitExceeded(
            f"layer '{name}': every weight is 0, and the chip format can't hold such a layer. "
            "Train longer or remove it."
        )
    grid = weight_grids(bits)[0]
    above = grid.highest / highest if highest > 0 else float("inf")
    return min(above, grid.lowest / lowest if lowest < 0 else float("inf"))


def surviving_scale(name: str, weights: tuple[FloatArray, ...], scale: float, bits: int) -> float:
    """The largest scale up to `scale` at which Lava keeps all matrices once they are rounded.

    Raises:
        LimitExceeded: the weights of one would all be 0, or a form that Lava corrupts.
    """
    extremes = [(float(weight.min()), float(weight.max())) for weight in weights]
    while (lower := min(_survives(name, *ends, scale, bits) for ends in extremes)) < scale:
        scale = lower
    return scale


def _survives(name: str, lowest: float, highest: float, scale: float, bits: int) -> float:
    best = max(_on_grid(grid, lowest, highest, scale) for grid in weight_grids(bits))
    if best > 0:
        return best
    raise LimitExceeded(
        f"layer '{name}': at {scale:.3g} per unit and {bits} bits all its weights round to 0 (or "
        "to a form that Lava corrupts), since bias, threshold or membranes are too large beside "
        "them. Allow more bits in export.weight_bits, or train with weight decay on the biases."
    )


def _on_grid(grid: WeightGrid, lowest: float, highest: float, scale: float) -> float:
    """The largest scale at which the grid keeps the matrix; 0 where there is none."""
    while not grid.survives(lowest * scale, highest * scale):
        least = int(grid.nearest(np.array(lowest * scale)))
        if least == 0:
            return 0.0
        scale = (-least - CLEAR_OF_POWER * grid.step / 2) / -lowest
    return scale
