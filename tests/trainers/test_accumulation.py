"""Gradients of several mini-batches in one optimiser step."""

import pytest
import torch
from torch import nn

from tests.tiny_training import few_digits
from trainers.fitting import Fitted, fit
from trainers.neurons.lif import LIF


def without_norm() -> nn.Sequential:
    """A network in which no sample sees another."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), LIF(), nn.Linear(12, 10))


def train(batch_size: int, accumulate: int) -> Fitted:
    """129 samples: the last mini-batch has one more than the others."""
    return fit(
        without_norm(), few_digits(), method="baseline", epochs=2, time_steps=2,
        batch_size=batch_size, accumulate=accumulate, optimizer="sgd", learning_rate=0.1,
        device="cpu",
    )  # fmt: skip


@pytest.mark.parametrize(("size", "accumulate"), [(16, 2), (8, 4), (4, 8)])
def test_small_batches_together_are_one_big_batch(size: int, accumulate: int) -> None:
    """Also in the last step, whose 33 samples come in unequal parts."""
    whole = train(32, 1).network.state_dict()
    for name, weight in train(size, accumulate).network.state_dict().items():
        torch.testing.assert_close(weight, whole[name], rtol=0, atol=1e-6, msg=name)


def test_a_last_step_of_fewer_batches_weighs_its_samples_alike() -> None:
    """129 samples in steps of 96 and 33: three mini-batches of 32, then one of 33."""
    whole = train(96, 1).network.state_dict()
    for name, weight in train(32, 3).network.state_dict().items():
        torch.testing.assert_close(weight, whole[name], rtol=0, atol=1e-6, msg=name)


def test_steps_are_fewer() -> None:
    """One step for several mini-batches moves the weights otherwise than one for each."""
    each, together = (train(16, number).network.state_dict() for number in (1, 4))
    assert (each["body.1.weight"] - together["body.1.weight"]).abs().max() > 1e-3
