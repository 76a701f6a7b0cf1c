"""Half heights of bells whose half heights are known."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.neurons.half_height import half_height

CPU = torch.device("cpu")


@pytest.mark.parametrize("scale", [1e-4, 0.03, 1.0, 700.0])
@pytest.mark.parametrize(
    ("bell", "expected"),
    [
        (lambda x: torch.exp(-(x**2) / 2), math.sqrt(2 * math.log(2))),
        (lambda x: 7 / (1 + x**2), 1.0),
        (lambda x: torch.clamp(1 - x, min=0), 0.5),
        (lambda x: (x < 1).double() / 3, 1.0),
    ],
)
def test_known_bells(bell: Callable[[Tensor], Tensor], expected: float, scale: float) -> None:
    """Gauss, Lorentz, triangle and rectangle over seven decades, never beyond the true value."""
    found = float(half_height(lambda x: bell(x / scale), CPU))
    assert found == pytest.approx(expected * scale, rel=4e-9)
    assert found <= expected * scale * (1 + 1e-15)


def test_the_first_crossing_counts() -> None:
    """A second bump further out isn't part of the interval."""
    found = half_height(lambda x: ((x < 0.3) | ((x > 2) & (x < 3))).double(), CPU)
    assert float(found) == pytest.approx(0.3, rel=1e-8)


def test_a_height_that_never_falls_reaches_everywhere() -> None:
    """A straight-through gradient, and a gradient that is 0 throughout."""
    assert math.isinf(half_height(torch.ones_like, CPU))
    assert math.isinf(half_height(torch.zeros_like, CPU))


def test_a_needle_is_no_wider_than_the_finest_step() -> None:
    """Nothing is found below 1e-6, and nothing is made up."""
    assert float(half_height(lambda x: (x == 0).double(), CPU)) < 1e-6
