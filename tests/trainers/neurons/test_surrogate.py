"""Surrogates: a strict step forward, the rectangle of unit area backward."""

import math

import pytest
import torch

from trainers.neurons.derivatives import SHAPES, ShapeName
from trainers.neurons.shaped import Shaped
from trainers.neurons.surrogate import Surrogate, rectangular_spike


def test_the_step_is_strict() -> None:
    """A membrane exactly at its threshold does not fire; the next larger double does."""
    threshold = torch.tensor(0.7, dtype=torch.float64)
    above = torch.nextafter(threshold, torch.tensor(1.0, dtype=torch.float64))
    membrane = torch.stack([threshold, above, -threshold])
    assert Shaped().double()(membrane, threshold, 0).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("width", [0.25, 1.0, 3.0])
def test_the_gradient_is_an_open_rectangle_of_unit_area(width: float) -> None:
    """1/k strictly within k/2 of the threshold and 0 from there on, its integral being 1."""
    edges = torch.tensor([-0.5, -0.4999, 0.0, 0.4999, 0.5], dtype=torch.float64) * width
    edges.requires_grad_()
    rectangular_spike(edges, torch.tensor(width, dtype=torch.float64)).sum().backward()
    height = 1 / width
    assert edges.grad is not None
    assert edges.grad.tolist() == pytest.approx([0.0, height, height, height, 0.0])

    grid = torch.linspace(-5, 5, 100_001, dtype=torch.float64, requires_grad=True)
    rectangular_spike(grid, torch.tensor(width, dtype=torch.float64)).sum().backward()
    assert grid.grad is not None
    assert float(grid.grad.sum() * 1e-4) == pytest.approx(1.0, abs=1e-3)


def test_the_upstream_gradient_is_a_factor() -> None:
    """The chain rule: what arrives from above is multiplied, not replaced."""
    distance = torch.tensor([0.1, -0.1, 2.0], requires_grad=True)
    (
        rectangular_spike(distance, torch.tensor(0.5)) * torch.tensor([3.0, -2.0, 5.0])
    ).sum().backward()
    assert distance.grad is not None
    assert distance.grad.tolist() == [6.0, -4.0, 0.0]


def test_the_gradient_reaches_a_threshold_that_is_learnt() -> None:
    """ds/dthreshold = -ds/du, for rules whose threshold is a parameter."""
    threshold = torch.tensor(1.0, requires_grad=True)
    Shaped("rectangular", 2.0)(torch.tensor([0.5, 1.5, 9.0]), threshold, 0).sum().backward()
    assert threshold.grad is not None
    assert threshold.grad.item() == -1.0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_spikes_and_gradients_keep_the_membrane_s_type(dtype: torch.dtype) -> None:
    """Mixed precision neither widens the spikes nor the gradients."""
    membrane = torch.tensor([0.9, 1.1], dtype=dtype, requires_grad=True)
    spikes = Shaped()(membrane, torch.tensor(1.0), 0)
    spikes.sum().backward()
    assert membrane.grad is not None
    assert (spikes.dtype, membrane.grad.dtype) == (dtype, dtype)


SECH_SQUARED = 2 * math.acosh(math.sqrt(2))
"""Full width at half height of sech(x)^2."""


@pytest.mark.parametrize("width", [0.04, 1.0, 5.0])
@pytest.mark.parametrize(
    ("shape", "of_width_1"),
    [
        ("rectangular", 1.0),
        ("triangular", 1.0),
        ("arctan", 2 / math.pi),
        ("sigmoid", SECH_SQUARED / 2),
        ("fast-sigmoid", 2 * (math.sqrt(2) - 1)),
        ("dspike", SECH_SQUARED / 3),
    ],
)
def test_the_interval_is_the_width_at_half_height(
    shape: ShapeName, of_width_1: float, width: float
) -> None:
    """Closed forms, for any threshold, scalar or one per neuron; dspike is cut at 1/2."""
    surrogate = Shaped(shape, width)
    expected = of_width_1 * width
    if shape == "dspike":
        expected = min(expected, 1.0)
    for threshold in (torch.tensor(0.5), torch.linspace(-3, 3, 12).view(4, 3)):
        found = surrogate.interval(torch.zeros(4, 3), threshold, 0)
        # The width is float32, and so is what is measured of it.
        assert float(found) == pytest.approx(expected, rel=3e-7)
        assert found.ndim == 0
    assert len(SHAPES) == 6


def test_the_base_class_asks_for_a_rule() -> None:
    """A surrogate without a forward pass is a mistake that shows at once."""
    with pytest.raises(TypeError, match="abstract"):
        Surrogate()  # type: ignore[abstract]
