"""Moving average of the weights: the rule by hand, and where the average is used."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.tiny_training import copied_state, few_digits, same_state, tiny_network
from trainers.averaged_weights import AveragedWeights
from trainers.checkpoint import load_weights, read_checkpoint
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, train_network
from trainers.train_table import TrainTable

DECAY = 0.3
EPOCHS = 2

Run = tuple[Path, Fitted, list[dict[str, Tensor]]]


@pytest.fixture(scope="module")
def averaged(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training with an average; its states before each step, and after the last one."""
    folder = tmp_path_factory.mktemp("averaged")
    network = tiny_network()
    states: list[dict[str, Tensor]] = []

    def note(*_: object) -> None:
        if network.training:
            states.append(copied_state(network))

    network.body[0].register_forward_pre_hook(note)  # type: ignore[index]
    fitted = train_network(
        network, few_digits(), TrainTable(time_steps=2, epochs=EPOCHS, batch_size=32,
        ema_decay=DECAY, learning_rate=0.05), seed=3, device="cpu", folder=folder,
    )  # fmt: skip
    last = read_checkpoint(folder / "checkpoints" / "last.ckpt")["current_model_state"]
    states.append({name: last[f"network.{name}"] for name in states[0]})
    return folder, fitted, states


def test_the_average_follows_its_equation(averaged: Run) -> None:
    """Weights, batch norm's statistics and running thresholds, by hand in float64."""
    _, fitted, states = averaged
    found = fitted.network.state_dict()
    assert len(states) == 4 * EPOCHS + 1
    for name in ("body.0.weight", "body.1.running_var", "body.2.threshold_rule.running"):
        after_steps = [state[name].double() for state in states[1:]]
        average = after_steps[0]
        for step, weight in enumerate(after_steps[1:], start=1):
            decay = min(DECAY, (1 + step) / (10 + step))
            average = decay * average + (1 - decay) * weight
        torch.testing.assert_close(found[name].double(), average, rtol=0, atol=1e-6)
        assert (found[name] - states[-1][name]).abs().max() > 1e-3


def test_the_warm_up_reaches_the_decay() -> None:
    """(1 + n) / (10 + n) until it passes the decay, which it does here at the fourth step."""
    rule = AveragedWeights(DECAY)._average
    kept = [float(rule(torch.ones(1), torch.zeros(1), step)) for step in range(6)]
    assert kept == pytest.approx([0.1, 2 / 11, 0.25, 0.3, 0.3, 0.3])


def test_counts_are_the_trained_network_s(averaged: Run) -> None:
    """An average of integers would be rounded at every step."""
    found = averaged[1].network.state_dict()["body.1.num_batches_tracked"]
    assert int(found) == 4 * EPOCHS


def test_the_average_is_what_is_validated_kept_and_loaded(averaged: Run) -> None:
    """The logged accuracy and the checkpoint's weights are the returned network's."""
    folder, fitted, _ = averaged
    validation = evaluate(fitted.network, few_digits().validation)
    labels = torch.from_numpy(few_digits().validation.labels)
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(validation.logits), labels)
    assert fitted.history[-1]["validation_accuracy"] == pytest.approx(validation.accuracy)
    assert fitted.history[-1]["validation_loss"] == pytest.approx(float(loss), rel=1e-5)
    network = tiny_network(seed=9)
    load_weights(network, folder / "checkpoints" / "last.ckpt")
    assert same_state(network.state_dict(), fitted.network.state_dict())


def test_a_finished_run_comes_back_with_its_average(averaged: Run) -> None:
    """Nothing is trained, and the average isn't lost."""
    folder, fitted, _ = averaged
    again = train_network(
        tiny_network(), few_digits(), TrainTable(time_steps=2, epochs=EPOCHS, batch_size=32,
        ema_decay=DECAY, learning_rate=0.05), seed=3, device="cpu", folder=folder,
    )  # fmt: skip
    assert same_state(again.network.state_dict(), fitted.network.state_dict())
