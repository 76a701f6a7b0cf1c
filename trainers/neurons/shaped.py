"""A surrogate of any shape of the table, with a fixed width."""

import torch
from torch import Tensor

from trainers.neurons.derivatives import SHAPES, ShapeName
from trainers.neurons.scaled import ScaledSurrogate


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
