"""A surrogate of any shape of the table, with a fixed width."""

import torch
from torch import Tensor

from trainers.neurons.derivatives import SHAPES, Derivative, ShapeName, rectangular
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.surrogate import rectangular_gradient, rectangular_spike, sloped_spike


def shaped_spike(distance: Tensor, width: Tensor, derivative: Derivative) -> Tensor:
    """Spikes where distance = u - threshold is positive; ds/du = derivative(distance, width)."""
    if derivative is rectangular:
        # The same gradient from one byte per neuron instead of four.
        return rectangular_spike(distance, width)
    return sloped_spike(distance, derivative(distance.detach(), width))


class Shaped(ScaledSurrogate):
    """A shape of the table with a fixed width.

    Args:
        shape: a name of trainers.neurons.derivatives.SHAPES.
        width: None for the shape's usual one.
    """

    width: Tensor

    def __init__(self, shape: ShapeName = "rectangular", width: float | None = None) -> None:
        super().__init__()
        self.shape_name = shape
        self.shape = SHAPES[shape]
        chosen = self.shape.width if width is None else width
        self.register_buffer("width", torch.tensor(float(chosen)))

    @property
    def kernel_shape(self) -> str:
        """The shape."""
        return self.shape_name

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The constant."""
        del membrane, threshold, step
        return self.width

    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        """The shape."""
        return self.shape.derivative(distance, width)

    def spike(self, distance: Tensor, width: Tensor) -> Tensor:
        """Spikes with the shape's gradient."""
        return shaped_spike(distance, width, self.shape.derivative)

    def gradient(self, grad: Tensor, distance: Tensor, width: Tensor) -> Tensor:
        """In the order of operations of `spike`."""
        if self.shape.derivative is rectangular:
            return rectangular_gradient(grad, distance.abs() < width / 2, width)
        return super().gradient(grad, distance, width)
