"""Surrogate gradients: the spike is a Heaviside step forward and something smooth backward."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from trainers.neurons.half_height import half_height


class Surrogate(nn.Module, ABC):
    """Turns membrane and threshold into spikes that carry a surrogate gradient.

    s = 1 if u > threshold else 0 (strict). Subclasses choose ds/du. `step` counts from 0, so that
    a surrogate may depend on the time step or on what it saw at earlier steps of the same pass.
    """

    @abstractmethod
    def forward(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Spikes 0/1 of the membrane's shape and dtype."""

    @abstractmethod
    def derivative(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """ds/du as the backward pass would use it, before any random mask; detached."""

    def interval(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Full width, around the threshold, in which ds/du is at least half its value there.

        A detached scalar in units of u; for a rectangle its width k. Found numerically, for a
        ds/du that depends on u - threshold alone and is even. A surrogate that looks at the whole
        membrane (its spread, its neighbours) gives its own.
        """
        with torch.no_grad():
            centre = threshold.double().mean()
            column = (-1, *(1 for _ in membrane.shape[1:]))

            def height(distance: Tensor) -> Tensor:
                points = (centre + distance).view(column)
                return self.derivative(points, centre, step).view(-1)

            return 2 * half_height(height, membrane.device)


class _RectangularSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distance: Tensor, width: Tensor) -> Tensor:
        ctx.save_for_backward(distance.abs() < width / 2, width)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        inside, width = ctx.saved_tensors
        (grad,) = grad_outputs
        return rectangular_gradient(grad, inside, width), None


class _SlopedSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distance: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        (grad,) = grad_outputs
        return grad * slope, None


def sloped_spike(distance: Tensor, slope: Tensor) -> Tensor:
    """Spikes where distance = u - threshold is positive; ds/du = slope, detached, of its shape."""
    spikes: Tensor = _SlopedSpike.apply(distance, slope)  # type: ignore[no-untyped-call]
    return spikes


def rectangular_gradient(grad: Tensor, inside: Tensor, width: Tensor) -> Tensor:
    """Through the rectangle: grad / k where |u - threshold| lies `inside` k/2, else 0."""
    return grad * inside / width


def rectangular_spike(distance: Tensor, width: Tensor) -> Tensor:
    """Spikes where distance = u - threshold is positive, with a rectangular surrogate.

    ds/du = (1/k) * 1[|u - threshold| < k/2], of unit area. `width` k is a detached scalar. Only
    one byte per neuron is kept for the backward pass.
    """
    spikes: Tensor = _RectangularSpike.apply(distance, width)  # type: ignore[no-untyped-call]
    return spikes
