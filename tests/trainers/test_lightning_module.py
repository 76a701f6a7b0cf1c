"""The training loop's contents: schedule, loss, and what stops it."""

import math

import pytest
import torch
from torch import nn

from tests.tiny_training import few_digits, tiny_module, tiny_network
from trainers.data import DataSplits, Split
from trainers.errors import DataError, TrainingError
from trainers.fitting import fit
from trainers.lightning_module import SpikingClassifier
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import TrainTable


def test_the_rate_warms_up_then_falls_on_a_cosine() -> None:
    """Epoch by epoch as they stand in the history, from 1/3 of the peak to almost 0."""
    history = fit(
        tiny_module(), few_digits(), epochs=6, warmup_epochs=2, learning_rate=0.3, device="cpu"
    ).history
    falling = [0.5 * (1 + math.cos(math.pi * epoch / 4)) for epoch in range(4)]
    expected = [0.3 * factor for factor in (1 / 3, 2 / 3, *falling)]
    assert [row["learning_rate"] for row in history] == pytest.approx(expected)


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_the_optimiser_holds_what_is_learnt(name: str, kind: type[torch.optim.Optimizer]) -> None:
    """Every weight once, with the chosen rate and decay; a decay that isn't learnt is left out."""
    settings = TrainTable.model_validate({"optimizer": name, "weight_decay": 0.5})
    network = tiny_network(method="baseline")
    ((optimizer,), _) = SpikingClassifier(network, settings, 10, 0).configure_optimizers()
    (group,) = optimizer.param_groups
    assert isinstance(optimizer, kind)
    assert group["weight_decay"] == 0.5
    learnt = [weight for name, weight in network.named_parameters() if "decay_logit" not in name]
    assert [id(weight) for weight in group["params"]] == [id(weight) for weight in learnt]


def test_the_loss_is_the_cross_entropy_of_the_mean_current() -> None:
    """With label smoothing as set: against the formula, not torch's own function."""
    network = tiny_network().eval()
    classifier = SpikingClassifier(network, TrainTable(label_smoothing=0.2), 10, 0)
    classifier.log = lambda *_, **__: None  # type: ignore[method-assign]
    inputs = torch.from_numpy(few_digits().test.inputs)
    labels = torch.from_numpy(few_digits().test.labels)
    with torch.no_grad():
        loss = classifier.training_step([inputs, labels], 0)
        shares = network(inputs).mean(dim=0).softmax(dim=1).log()
    target = torch.full((40, 10), 0.02)
    target[torch.arange(40), labels] += 0.8
    assert float(loss) == pytest.approx(float(-(target * shares).sum(1).mean()), rel=1e-5)


def with_nan(layer: int) -> nn.Sequential:
    """The tiny module with one weight of a layer gone wrong."""
    module = tiny_module()
    with torch.no_grad():
        module[layer].weight.view(-1)[0] = float("nan")  # type: ignore[operator]
    return module


@pytest.mark.parametrize("method", ["baseline", "ds-atgo"])
def test_a_loss_that_is_nan_names_the_layer(method: str) -> None:
    """Epoch, batch, the first bad layer, and what to try."""
    with pytest.raises(TrainingError) as error:
        fit(with_nan(6), few_digits(), method=method, epochs=2, device="cpu")
    assert str(error.value) == (
        "epoch 0, batch 0: the loss is nan (first NaN or infinite values: 6.weight). "
        "Lower train.learning_rate or set train.gradient_clip."
    )


@pytest.mark.parametrize("method", ["baseline", "ds-atgo"])
def test_a_layer_that_fell_silent_is_found_too(method: str) -> None:
    """A NaN membrane never fires, so the loss stays finite; the epoch's end still names it."""
    with pytest.raises(TrainingError, match=r"epoch 0.*0\.weight.*Lower train\.learning_rate"):
        fit(with_nan(0), few_digits(), method=method, epochs=2, device="cpu")


def test_an_overflow_of_finite_weights_says_so() -> None:
    """No layer is blamed that holds only numbers."""
    module = tiny_module()
    with torch.no_grad():
        module[6].weight.fill_(3e38)  # type: ignore[operator]
    with pytest.raises(TrainingError, match="all weights are still finite"):
        fit(module, few_digits(), method="baseline", epochs=1, device="cpu")


@pytest.mark.parametrize("outputs", [9, 11])
def test_another_number_of_outputs_is_refused(outputs: int) -> None:
    """One current per class, no more and no fewer."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), LIF(), nn.Linear(8, outputs))
    said = rf"network output: shape \({outputs},\) per step and sample, expected \(10,\)"
    with pytest.raises(DataError, match=said):
        fit(module, few_digits(), epochs=1, device="cpu")


def test_outputs_that_are_maps_are_refused() -> None:
    """A forgotten flatten would be averaged away by some losses."""
    module = nn.Sequential(nn.Conv2d(1, 10, 3), LIF())
    with pytest.raises(DataError, match=r"shape \(10, 6, 6\) per step and sample"):
        fit(module, few_digits(), epochs=1, device="cpu")


def test_sequences_are_trained_as_they_come() -> None:
    """[N, T, ...] data reach the network as [T, N, ...]: step t of the sample at step t."""
    digits = few_digits()
    train, validation, test = (
        Split(split.inputs[:][:, 0], split.labels)
        for split in (digits.train, digits.validation, digits.test)
    )
    data = DataSplits("rows", train, validation, test, digits.classes, form="sequence")
    seen: list[torch.Tensor] = []
    body = nn.Sequential(nn.Linear(8, 16), LIF(0.5), nn.Linear(16, 10))
    body[0].register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0].detach()))
    network = fit(body, data, time_steps=8, epochs=1, batch_size=129, device="cpu").network
    assert isinstance(network, SpikingNetwork)
    assert network.sequence
    whole = next(rows for rows in seen if len(rows) == 8 * 129)
    in_training = whole.unflatten(0, (8, 129)).transpose(0, 1).flatten(1)
    known = {row.tobytes() for row in train.inputs[:].reshape(129, 64)}
    assert {row.numpy().tobytes() for row in in_training} == known
    with pytest.raises(DataError, match=r"8 time steps .*expected 4\. Set time_steps"):
        fit(nn.Sequential(nn.Linear(8, 10), LIF()), data, time_steps=4, epochs=1, device="cpu")
