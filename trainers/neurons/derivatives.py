"""Shapes of surrogate derivatives: ds/du as a function of x = u - threshold and one width.

Each is even, largest at x = 0, and detached from the width. `SHAPES` is the table that recipes
choose from; areas and peaks differ between papers, so each entry says whose form it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Derivative = Callable[[Tensor, Tensor], Tensor]


def rectangular(x: Tensor, width: Tensor) -> Tensor:
    """(1/k) 1[|x| < k/2], area 1 (STBP)."""
    return (x.abs() < width / 2).to(x.dtype) / width


def triangular(x: Tensor, width: Tensor) -> Tensor:
    """(1/g^2) max(0, g - |x|), area 1 (TET; with g = 1/alpha the piecewise linear form of MSG)."""
    return torch.clamp(width - x.abs(), min=0) / width**2


def arctan(x: Tensor, width: Tensor) -> Tensor:
    """1 / (1 + pi^2 (x/w)^2), peak 1 (at w = 1 the common arctan with alpha = 2; DeepTAGE)."""
    return 1 / (1 + (math.pi * x / width) ** 2)


def sigmoid(x: Tensor, width: Tensor) -> Tensor:
    """Logistic: alpha sigma(alpha x) (1 - sigma(alpha x)), alpha = 4/w: peak 1/w, area 1."""
    soft = torch.sigmoid(4 * x / width)
    return 4 / width * soft * (1 - soft)


def fast_sigmoid(x: Tensor, width: Tensor) -> Tensor:
    """1 / (1 + |x|/w)^2, peak 1 (SuperSpike with slope 1/w)."""
    return 1 / (1 + x.abs() / width) ** 2


def dspike(x: Tensor, width: Tensor) -> Tensor:
    """Dspike with fixed b = 3/w: b sech^2(b x) / (2 tanh(b/2)) for |x| <= 1/2, else 0."""
    slope = 3 / width
    inside = (x.abs() <= 0.5).to(x.dtype)
    return inside * slope / (torch.cosh(slope * x) ** 2 * 2 * torch.tanh(slope / 2))


@dataclass(frozen=True)
class Shape:
    """One row of the table: the derivative and its usual width."""

    derivative: Derivative
    width: float


ShapeName = Literal["rectangular", "triangular", "arctan", "sigmoid", "fast-sigmoid", "dspike"]

SHAPES: dict[ShapeName, Shape] = {
    "rectangular": Shape(rectangular, 1.0),
    "triangular": Shape(triangular, 1.0),
    "arctan": Shape(arctan, 1.0),
    "sigmoid": Shape(sigmoid, 1.0),
    "fast-sigmoid": Shape(fast_sigmoid, 0.04),
    "dspike": Shape(dspike, 1.0),
}
