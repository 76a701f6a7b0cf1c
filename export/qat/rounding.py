"""The chip's integers as `export.quantizing` rounds them, with straight-through gradients.

    weight integer = clip(step * rint(w / divisor * scale / step))    float64, as WeightGrid.nearest
    bias integer   = clip(rint(b * scale))

The gradient is that of the product without rounding, and 0 where the integer was clipped.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from export.chip.limits import BIAS_MANT_MAX
from export.quantizing.weight_grid import WeightGrid


@dataclass(frozen=True)
class WeightScale:
    """What makes integers of float weights.

    Args:
        grid: integers that a weight can be.
        scale: of the population, integer per unit of current.
        divisor: of weights that meet payloads, payload per unit of input; else 1.
    """

    grid: WeightGrid
    scale: float
    divisor: float = 1.0

    @property
    def unit(self) -> float:
        """Integer per unit of weight, as far as one number says it."""
        return self.scale / self.divisor


class _IntegerWeights(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, scale: WeightScale, shrink: float) -> Tensor:
        grid = scale.grid
        # In float64, and in the order of operations of `quantized`: ties must fall alike.
        wanted = weight.double() / scale.divisor * scale.scale * shrink
        multiples = (wanted / grid.step).round_().mul_(grid.step)
        integers = multiples.clamp(grid.lowest, grid.highest)
        ctx.save_for_backward(integers == multiples)
        ctx.unit = scale.unit * shrink
        return integers.float()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (grad,), (inside,) = grad_outputs, ctx.saved_tensors
        return (grad * inside * ctx.unit).float(), None, None


class _IntegerBias(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bias: Tensor, scale: float) -> Tensor:
        rounded = (bias * scale).round()
        integers = rounded.clamp(-BIAS_MANT_MAX, BIAS_MANT_MAX)
        ctx.save_for_backward(integers == rounded)
        ctx.scale = scale
        return integers.float()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad,), (inside,) = grad_outputs, ctx.saved_tensors
        return grad.double() * inside * ctx.scale, None


class _Replaced(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, soft: Tensor, hard: Tensor) -> Tensor:
        del ctx, soft
        return hard

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        del ctx
        (grad,) = grad_outputs
        return grad, None


def integer_weights(weight: Tensor, scale: WeightScale, shrink: float = 1.0) -> Tensor:
    """Integers, float32, of float weights of any shape.

    Args:
        weight: float32.
        scale: what makes integers of them.
        shrink: at most 1; a factor on the scale that keeps the population within its state.
    """
    integers: Tensor = _IntegerWeights.apply(weight, scale, shrink)  # type: ignore[no-untyped-call]
    return integers


def integer_bias(bias: Tensor, scale: float) -> Tensor:
    """Bias mantissas, float32, of a float64 bias; clipped to +-4095."""
    integers: Tensor = _IntegerBias.apply(bias, scale)  # type: ignore[no-untyped-call]
    return integers


def replaced(soft: Tensor, hard: Tensor) -> Tensor:
    """The values of `hard` with the gradient of `soft`, of the same shape."""
    values: Tensor = _Replaced.apply(soft, hard)  # type: ignore[no-untyped-call]
    return values
