"""The TET loss: value and gradients by hand in float64, and what it leaves alone."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tests.tiny_training import few_digits, tiny_module
from trainers.fitting import fit
from trainers.methods.tet import TETLoss, TETOptions, parts, prepare
from trainers.network import SpikingNetwork
from trainers.readout import MeanReadout, Readout, WeightedReadout

LABELS = np.array([2, 0])


@pytest.mark.parametrize("mse_weight", [0.0, 1e-3, 0.05, 1.0])
@pytest.mark.parametrize("phi", [1.0, -0.5])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, [0.4, 1.0, 1.6]])
def test_loss_and_gradients_by_hand(
    mse_weight: float, phi: float, smoothing: float, weights: list[float] | None
) -> None:
    """(1 - l) (1/T) sum w_t CE_t + l mean((O - phi)^2); weights don't touch the second term."""
    values = np.random.default_rng(3).normal(0, 2, (3, 2, 4))
    outputs = torch.tensor(values, requires_grad=True)
    readout: Readout = WeightedReadout(torch.tensor(weights)) if weights else MeanReadout()
    loss = TETLoss(mse_weight, phi)(
        outputs, (), torch.from_numpy(LABELS), readout.double(), smoothing
    )
    loss.backward()
    target = np.eye(4)[LABELS] * (1 - smoothing) + smoothing / 4
    shares = np.exp(values) / np.exp(values).sum(axis=2, keepdims=True)
    scale = np.array(weights or [1.0] * 3)[:, None, None] / (3 * 2)
    entropy = -(scale * target * np.log(shares)).sum()
    assert loss.item() == pytest.approx(
        (1 - mse_weight) * entropy + mse_weight * ((values - phi) ** 2).mean(), rel=1e-6
    )
    expected = (1 - mse_weight) * scale * (shares - target)
    expected += mse_weight * 2 * (values - phi) / values.size
    assert outputs.grad is not None
    assert outputs.grad.numpy() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_step_that_is_wrong_costs_although_the_mean_is_right() -> None:
    """The difference from cross-entropy of the mean: each step is supervised."""
    right = torch.tensor([[[4.0, 0.0]], [[4.0, 0.0]]])
    split = torch.tensor([[[12.0, 0.0]], [[-4.0, 0.0]]])
    labels = torch.tensor([0])
    assert torch.equal(right.mean(dim=0), split.mean(dim=0))
    losses = [float(TETLoss(0.0)(o, (), labels, MeanReadout(), 0.0)) for o in (right, split)]
    assert losses[0] == pytest.approx(np.log1p(np.exp(-4.0)), rel=1e-4)
    assert losses[1] == pytest.approx((np.log1p(np.exp(-12.0)) + np.log1p(np.exp(4.0))) / 2)


def test_only_the_loss_is_set() -> None:
    """With the options' numbers; neurons and readout stay."""
    network = SpikingNetwork(tiny_module(), 2)
    neuron, readout = network.body.get_submodule("2"), network.readout
    rule, surrogate = neuron.threshold_rule, neuron.surrogate
    prepare(network, TETOptions(mse_weight=0.05, phi=0.5))
    assert isinstance(network.loss, TETLoss)
    assert (network.loss.mse_weight, network.loss.phi) == (0.05, 0.5)
    assert network.readout is readout
    assert (neuron.threshold_rule, neuron.surrogate) == (rule, surrogate)
    assert parts(TETOptions()) == {"loss"}
    assert (TETOptions().mse_weight, TETOptions().phi) == (1e-3, 1.0)


def test_it_learns() -> None:
    """The loss falls; with the second term alone all outputs go to phi."""
    history = fit(
        tiny_module(), few_digits(), method="tet", epochs=8, batch_size=16, device="cpu"
    ).history
    assert history[-1]["train_loss"] < 0.7 * history[0]["train_loss"]
    drawn = fit(
        tiny_module(), few_digits(), method="tet", options={"mse_weight": 1.0, "phi": 3.0},
        epochs=12, batch_size=16, learning_rate=0.03, device="cpu",
    )  # fmt: skip
    currents = drawn.network(torch.from_numpy(few_digits().test.inputs)).detach()
    assert float(currents.mean()) == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("values", [{"mse_weight": -0.1}, {"mse_weight": 1.1}, {"lamb": 0.05}])
def test_senseless_and_unknown_options_are_refused(values: dict[str, Any]) -> None:
    """Out of range or unknown."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        TETOptions.model_validate(values)
