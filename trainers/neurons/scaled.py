"""Surrogates that one number per layer and step describes: their width."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from trainers.neurons.derivatives import rectangular
from trainers.neurons.surrogate import (
    Surrogate,
    rectangular_gradient,
    rectangular_spike,
    sloped_spike,
)


class ScaledSurrogate(Surrogate):
    """ds/du = slope(u - threshold, width), alike for all neurons of a layer at a step.

    What a whole layer shares needs no memory per neuron, so the steps of such a layer run as one
    kernel (trainers/neurons/fused.py).

    Attributes:
        reads_membrane: the width follows the membrane, so it must be seen first.
        in_evaluation: a gradient flows in evaluation mode too, where autograd is on.
    """

    reads_membrane: ClassVar[bool] = False
    in_evaluation: ClassVar[bool] = True

    @property
    def kernel_shape(self) -> str | None:
        """The slope's name in trainers.neurons.derivatives.SHAPES, None for one of its own."""
        return None

    @abstractmethod
    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Width of a step, a detached scalar; steps of a pass come in order, from 0."""

    @abstractmethod
    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        """ds/du at distances u - threshold, before any random mask."""

    def spike(self, distance: Tensor, width: Tensor) -> Tensor:
        """Spikes of distances u - threshold, with their gradient."""
        if self.kernel_shape == "rectangular":
            # The same gradient from one byte per neuron instead of four.
            return rectangular_spike(distance, width)
        return sloped_spike(distance, self.slope(distance.detach(), width))

    def gradient(self, grad: Tensor, distance: Tensor, width: Tensor) -> Tensor:
        """What flows from the spikes' gradient to the distances', as `spike` computes it."""
        if self.kernel_shape == "rectangular":
            return rectangular_gradient(grad, distance.abs() < width / 2, width)
        return grad * self.slope(distance, width)

    @property
    def is_plain(self) -> bool:
        """Whether nobody asks for a gradient, so that a spike is a plain step."""
        return not torch.is_grad_enabled() or not (self.training or self.in_evaluation)

    def forward(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Spikes; where nobody asks for a gradient the width is never computed."""
        distance = membrane - threshold
        if self.is_plain:
            return (distance > 0).to(membrane.dtype)
        return self.spike(distance, self._width(membrane, threshold, step))

    def derivative(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The slope at the step's own width."""
        width = self._width(membrane, threshold, step)
        return self.slope((membrane - threshold).detach(), width)

    def _width(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        return self.width_at(membrane, threshold, step).to(membrane.dtype)


class DrivenRectangle(ScaledSurrogate):
    """A rectangle of unit area whose width a method drives; in evaluation a plain step."""

    in_evaluation = False

    @property
    def kernel_shape(self) -> str:
        """The rectangle."""
        return "rectangular"

    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        """(1/k) 1[|u - threshold| < k/2]."""
        return rectangular(distance, width)

    def interval(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The width k."""
        return self.width_at(membrane, threshold, step)
