"""Shapes of surrogate derivatives against their papers' numbers."""

import math

import pytest
import torch

from trainers.neurons.derivatives import SHAPES, ShapeName
from trainers.neurons.shaped import Shaped

X = torch.linspace(-40, 40, 800_001, dtype=torch.float64)


def value(shape: ShapeName, x: float, width: float) -> float:
    """One value of a shape."""
    derivative = SHAPES[shape].derivative
    return float(derivative(torch.tensor(x, dtype=torch.float64), torch.tensor(width)))


@pytest.mark.parametrize(
    ("shape", "x", "width", "expected"),
    [
        ("rectangular", 0.4, 1.0, 1.0),
        ("rectangular", 0.5, 1.0, 0.0),
        ("rectangular", 0.9, 2.0, 0.5),
        ("triangular", 0.0, 0.5, 2.0),
        ("triangular", 0.25, 0.5, 1.0),
        ("triangular", -0.5, 0.5, 0.0),
        ("arctan", 0.5, 1.0, 0.2884),
        ("arctan", 0.5, 1.25, 0.3877),
        ("sigmoid", 0.0, 1.0, 1.0),
        ("fast-sigmoid", 0.04, 0.04, 0.25),
        ("dspike", 0.0, 1.0, 3 / (2 * math.tanh(1.5))),
        ("dspike", 0.51, 1.0, 0.0),
    ],
)
def test_values(shape: ShapeName, x: float, width: float, expected: float) -> None:
    """Hand-computed values, DeepTAGE's 0.2884 and 0.3877 and MSG's 2, 1, 0 among them."""
    assert value(shape, x, width) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("shape", ["rectangular", "triangular", "sigmoid", "dspike"])
@pytest.mark.parametrize("width", [0.5, 1.0])
def test_area_is_one(shape: ShapeName, width: float) -> None:
    """These shapes are densities, so that a mean gradient is comparable between them."""
    derivative = SHAPES[shape].derivative(X, torch.tensor(width, dtype=torch.float64))
    assert float(torch.trapezoid(derivative, X)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_even_and_largest_in_the_middle(shape: ShapeName) -> None:
    """Every shape is symmetric and peaks at the threshold."""
    derivative = SHAPES[shape].derivative(X, torch.tensor(SHAPES[shape].width))
    assert torch.allclose(derivative, derivative.flip(0))
    assert float(derivative.max()) == pytest.approx(value(shape, 0.0, SHAPES[shape].width))


def test_gradient_is_the_derivative_times_what_comes_from_above() -> None:
    """Backward multiplies exactly once; forward is a strict step."""
    x = torch.tensor([-0.3, 0.0, 0.2], dtype=torch.float64, requires_grad=True)
    width = torch.tensor(1.0, dtype=torch.float64)
    spikes = Shaped("arctan").spike(x, width)
    assert spikes.tolist() == [0.0, 0.0, 1.0]
    (spikes * torch.tensor([2.0, 3.0, 5.0])).sum().backward()
    expected = torch.tensor([2.0, 3.0, 5.0]) / (1 + (math.pi * x.detach()) ** 2)
    assert x.grad is not None
    assert torch.allclose(x.grad, expected)


def test_usual_width_unless_given() -> None:
    """A shape without a width takes the table's."""
    assert float(Shaped("fast-sigmoid").width) == pytest.approx(0.04)
    assert float(Shaped("fast-sigmoid", 0.5).width) == 0.5
