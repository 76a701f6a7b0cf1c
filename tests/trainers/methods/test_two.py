"""TWO: weights from right answers, by hand; gradients, counts in checkpoints, refusals."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from tests.tiny_training import few_digits, tiny_module
from trainers.fitting import fit
from trainers.losses import LogitCrossEntropy
from trainers.methods.two import AccuracyReadout, TWOOptions, parts, prepare
from trainers.network import SpikingNetwork
from trainers.readout import MeanReadout


def answers(*right: int, samples: int = 10, classes: int = 3) -> tuple[Tensor, Tensor]:
    """Outputs whose step t is right for the first right[t] samples, and the labels."""
    labels = torch.arange(samples) % classes
    outputs = torch.zeros(len(right), samples, classes)
    for step, count in enumerate(right):
        given = torch.where(torch.arange(samples) < count, labels, (labels + 1) % classes)
        outputs[step, torch.arange(samples), given] = 1.0 + step
    return outputs, labels


def test_the_reference_update() -> None:
    """Accuracies .5, .7, .8 move weights of 1 to .925, 1.015, 1.060, which sum to T."""
    readout = AccuracyReadout(3)
    readout.start_epoch(0)
    readout.observe(*answers(5, 7, 8))
    readout.start_epoch(1)
    assert readout.step_weights.tolist() == pytest.approx([0.925, 1.015, 1.060], abs=1e-7)
    assert float(readout.step_weights.sum()) == pytest.approx(3.0, abs=1e-6)
    readout.observe(*answers(5, 7, 8))
    readout.start_epoch(2)
    again = [0.7 * old + 0.3 * new for old, new in zip((0.925, 1.015, 1.06), (0.75, 1.05, 1.2),
                                                       strict=True)]  # fmt: skip
    assert readout.step_weights.tolist() == pytest.approx(again, abs=1e-6)


def test_samples_count_not_batches() -> None:
    """9 of 30 right in one batch and 8 of 10 in another are 17 of 40, not the mean of rates."""
    readout = AccuracyReadout(2, alpha=1.0)
    readout.observe(*answers(9, 30, samples=30))
    readout.observe(*answers(8, 0, samples=10))
    assert (readout.correct.tolist(), int(readout.seen)) == ([17, 30], 40)
    readout.start_epoch(1)
    assert readout.step_weights.tolist() == pytest.approx([2 * 17 / 47, 2 * 30 / 47])


def test_each_epoch_counts_anew() -> None:
    """The second update knows nothing of the first epoch."""
    readout = AccuracyReadout(2, alpha=1.0)
    readout.observe(*answers(10, 5))
    readout.start_epoch(1)
    readout.observe(*answers(5, 10))
    readout.start_epoch(2)
    assert readout.step_weights.tolist() == pytest.approx([2 / 3, 4 / 3])
    assert (readout.correct.tolist(), int(readout.seen)) == ([0, 0], 0)


@pytest.mark.parametrize(("start", "first"), [(0, 1), (2, 3)])
def test_the_first_update_follows_the_start(start: int, first: int) -> None:
    """Epochs up to `start` begin with weights of 1, and drop what was counted before."""
    readout = AccuracyReadout(2, start=start)
    for epoch in range(first):
        readout.start_epoch(epoch)
        assert readout.step_weights.tolist() == [1.0, 1.0]
        readout.observe(*answers(*((10, 0) if epoch < first - 1 else (2, 6))))
    readout.start_epoch(first)
    assert readout.step_weights.tolist() == pytest.approx([0.7 + 0.3 * 0.5, 0.7 + 0.3 * 1.5])


def test_steps_are_judged_alone_and_before_weighting() -> None:
    """A step's own argmax counts, not the sum so far, whatever the weights are."""
    readout = AccuracyReadout(2)
    readout.step_weights.copy_(torch.tensor([0.001, 1.999]))
    outputs = torch.tensor([[[5.0, 0.0]], [[0.0, 1.0]]])
    readout.observe(outputs, torch.tensor([1]))
    assert readout.correct.tolist() == [0, 1]
    readout.observe(outputs, torch.tensor([0]))
    assert readout.correct.tolist() == [1, 1]


def test_an_epoch_without_a_right_answer_leaves_the_weights() -> None:
    """A mean accuracy of 0 can't be divided by; nor can an epoch without samples."""
    readout = AccuracyReadout(2)
    readout.observe(*answers(6, 2))
    readout.start_epoch(1)
    weights = readout.step_weights.clone()
    readout.observe(*answers(0, 0))
    readout.start_epoch(2)
    readout.start_epoch(3)
    assert torch.equal(readout.step_weights, weights)
    assert not torch.equal(weights, torch.ones(2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_weights_of_one_are_the_plain_mean(dtype: torch.dtype) -> None:
    """Bit for bit."""
    outputs = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(AccuracyReadout(5)(outputs), MeanReadout()(outputs))


def test_gradients_by_hand() -> None:
    """att[t] / T times (softmax of the weighted mean - one-hot) / B, none through att."""
    weights, labels = np.array([0.5, 1.25, 1.25]), np.array([1, 3])
    values = np.random.default_rng(0).normal(0, 2, (3, 2, 4))
    readout = AccuracyReadout(3).double()
    readout.step_weights.copy_(torch.from_numpy(weights))
    outputs = torch.tensor(values, requires_grad=True)
    LogitCrossEntropy()(outputs, (), torch.from_numpy(labels), readout, 0.0).backward()
    logits = np.exp((weights[:, None, None] * values).mean(axis=0))
    error = (logits / logits.sum(axis=1, keepdims=True) - np.eye(4)[labels]) / 2
    assert outputs.grad is not None
    assert outputs.grad.numpy() == pytest.approx(weights[:, None, None] / 3 * error, rel=1e-12)
    assert not readout.step_weights.requires_grad


def test_training_and_evaluation_use_the_same_weights() -> None:
    """Neither mode nor evaluation changes them; a step beyond T repeats the last."""
    readout = AccuracyReadout(2)
    readout.observe(*answers(6, 2))
    readout.start_epoch(1)
    outputs = torch.randn(2, 4, 3)
    assert torch.equal(readout.train()(outputs), readout.eval()(outputs))
    weights = readout.step_weights.tolist()
    assert readout.weights(3).tolist() == [*weights, weights[1]]


def test_a_loss_graph_survives_the_next_update() -> None:
    """Weights in an open graph aren't changed under it."""
    readout = AccuracyReadout(2)
    outputs = torch.randn(2, 4, 3, requires_grad=True)
    total = readout(outputs).sum()
    readout.observe(*answers(6, 2))
    readout.start_epoch(1)
    total.backward()
    assert outputs.grad is not None
    assert torch.equal(outputs.grad, torch.full_like(outputs, 0.5))


def test_the_network_s_training_moves_its_weights() -> None:
    """After two epochs: one update from the first, the second's counts still open."""
    data = few_digits()
    network = fit(tiny_module(), data, method="two", time_steps=3, epochs=2, device="cpu").network
    readout = network.readout
    assert isinstance(readout, AccuracyReadout)
    assert not torch.equal(readout.step_weights, torch.ones(3))
    assert float(readout.step_weights.sum()) == pytest.approx(3.0, abs=1e-5)
    assert int(readout.seen) == len(data.train)
    assert {
        "readout.step_weights",
        "readout.correct",
        "readout.seen",
    } <= network.state_dict().keys()


def test_only_the_readout_is_set() -> None:
    """With the options' numbers."""
    network = SpikingNetwork(tiny_module(), 4)
    loss, surrogate = network.loss, network.body.get_submodule("2").surrogate
    options = TWOOptions(alpha=0.5, start=3, sync_statistics=True)
    prepare(network, options)
    readout = network.readout
    assert isinstance(readout, AccuracyReadout)
    assert (readout.alpha, readout.start, readout.sync_statistics) == (0.5, 3, True)
    assert readout.step_weights.tolist() == [1.0] * 4
    assert network.loss is loss
    assert network.body.get_submodule("2").surrogate is surrogate
    assert parts(options) == {"readout"}


@pytest.mark.parametrize("values", [{"alpha": 0.0}, {"alpha": 1.1}, {"start": -1}, {"beta": 0.7}])
def test_senseless_and_unknown_options_are_refused(values: dict[str, Any]) -> None:
    """Out of range or unknown."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        TWOOptions.model_validate(values)
