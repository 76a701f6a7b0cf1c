"""Losses over time: against log-softmax written out."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainers.losses import LogitCrossEntropy, cross_entropy_per_step
from trainers.readout import MeanReadout, WeightedReadout

LABELS = torch.tensor([2, 0, 1, 2])


def outputs() -> torch.Tensor:
    """Random currents [3, 4, 3] in float64."""
    return torch.randn(3, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def cross_entropy(logits: NDArray[np.float64], smoothing: float) -> float:
    """Mean over samples of -sum of target * log softmax."""
    log_shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = np.full(logits.shape, smoothing / logits.shape[1])
    target[np.arange(len(target)), LABELS.numpy()] += 1 - smoothing
    return float(-(target * log_shares).sum(axis=1).mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_usual_loss_is_of_the_logits(smoothing: float) -> None:
    """Weighted logits where the readout weighs; auxiliary outputs have no part."""
    weights = torch.tensor([0.2, 0.8, 2.0], dtype=torch.float64)
    loss = LogitCrossEntropy()
    plain = loss(outputs(), (), LABELS, MeanReadout(), smoothing)
    weighted = loss(outputs(), (outputs(),), LABELS, WeightedReadout(weights), smoothing)
    array = outputs().numpy()
    logits = np.einsum("t,tbc->bc", weights.numpy(), array) / 3
    assert float(plain) == pytest.approx(cross_entropy(array.mean(axis=0), smoothing))
    assert float(weighted) == pytest.approx(cross_entropy(logits, smoothing))


def test_the_loss_per_step_averages_each_steps_own() -> None:
    """Every step against the label, then the (weighted) mean over steps."""
    weights = torch.tensor([0.2, 0.8, 2.0], dtype=torch.float64)
    steps = [cross_entropy(step, 0.1) for step in outputs().numpy()]
    plain = cross_entropy_per_step(outputs(), LABELS, MeanReadout(), 0.1)
    weighted = cross_entropy_per_step(outputs(), LABELS, WeightedReadout(weights), 0.1)
    assert float(plain) == pytest.approx(np.mean(steps))
    assert float(weighted) == pytest.approx(np.mean(weights.numpy() * steps))
