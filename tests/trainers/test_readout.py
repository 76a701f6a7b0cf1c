"""How outputs become logits: against numpy, in float64."""

import numpy as np
import pytest
import torch

from trainers.readout import MeanReadout, Readout, WeightedReadout, per_step


def outputs(steps: int = 3) -> torch.Tensor:
    """Random currents [T, 4, 5] in float64."""
    return torch.randn(steps, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_mean_weighs_all_steps_alike() -> None:
    """And says so by having no weights."""
    readout: Readout = MeanReadout()
    assert readout.weights(3) is None
    assert torch.equal(readout(outputs()), outputs().mean(dim=0))


def test_weights_scale_each_step_before_the_mean() -> None:
    """(1/T) sum of w_t O_t; weights of 1 change no bit."""
    weights = torch.tensor([0.5, 1.0, 1.5], dtype=torch.float64)
    found = WeightedReadout(weights)(outputs()).numpy()
    expected = np.einsum("t,tbc->bc", weights.numpy(), outputs().numpy()) / 3
    assert found == pytest.approx(expected, rel=1e-14)
    assert torch.equal(WeightedReadout(torch.ones(3))(outputs()), MeanReadout()(outputs()))


def test_beyond_the_trained_steps_the_last_weight_repeats() -> None:
    """And fewer steps use the first ones."""
    readout = WeightedReadout(torch.tensor([1.0, 2.0]))
    assert readout.weights(4).tolist() == [1.0, 2.0, 2.0, 2.0]
    assert readout.weights(1).tolist() == [1.0]


def test_values_per_step_are_weighted_alike() -> None:
    """Losses of each step take the same weights as its outputs."""
    values = torch.tensor([3.0, 1.0])
    assert float(per_step(values, None)) == 2.0
    assert float(per_step(values, torch.tensor([0.5, 1.5]))) == 1.5


def test_weights_are_saved_with_the_network() -> None:
    """A reloaded readout gives the same logits."""
    saved = WeightedReadout(torch.tensor([0.8, 1.2, 1.0])).state_dict()
    reloaded = WeightedReadout(torch.ones(3))
    reloaded.load_state_dict(saved)
    assert reloaded.weights(3).tolist() == pytest.approx([0.8, 1.2, 1.0])
