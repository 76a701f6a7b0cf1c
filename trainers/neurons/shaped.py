"""A surrogate of any shape of the table, with a fixed width."""

from typing import Any

import torch
from torch import Tensor

from trainers.neurons.derivatives import SHAPES, Derivative, ShapeName, rectangular
from trainers.neurons.surrogate import Surrogate, rectangular_spike


class _ShapedSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distance: Tensor, width: Tensor, derivative: Derivative) -> Tensor:
        ctx.save_for_backward(distance, width)
        ctx.derivative = derivative
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        distance, width = ctx.saved_tensors
        (grad,) = grad_outputs
        return grad * ctx.derivative(distance, width), None, None


def shaped_spike(distance: Tensor, width: Tensor, derivative: Derivative) -> Tensor:
    """Spikes where distance = u - threshold is positive; ds/du = derivative(distance, width)."""
    if derivative is rectangular:
        # The same gradient from one byte per neuron instead of four.
        return rectangular_spike(distance, width)
    spikes: Tensor = _ShapedSpike.apply(distance, width, derivative)  # type: ignore[no-untyped-call]
    return spikes


class Shaped(Surrogate):
    """A shape of the table with a fixed width.

    Args:
        shape: a name of trainers.neurons.derivatives.SHAPES.
        width: None for the shape's usual one.
    """

    width: Tensor

    def __init__(self, shape: ShapeName = "rectangular", width: float | None = None) -> None:
        super().__init__()
        self.shape = SHAPES[shape]
        chosen = self.shape.width if width is None else width
        self.register_buffer("width", torch.tensor(float(chosen)))

    def forward(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Spikes with the shape's gradient."""
        del step
        return shaped_spike(membrane - threshold, self.width, self.shape.derivative)

    def derivative(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The shape at u - threshold."""
        del step
        return self.shape.derivative((membrane - threshold).detach(), self.width)
