"""Early stop: which epoch is best, when training ends, and what the run keeps."""

from pathlib import Path

import pytest
import torch

from tests.tiny_training import few_digits, same_state, tiny_network
from trainers.best_epoch import best_row
from trainers.checkpoint import BEST_KEY, load_weights, read_checkpoint
from trainers.errors import CheckpointError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, train_network
from trainers.train_table import TrainTable

PATIENCE = 2
SETTINGS = TrainTable(
    time_steps=2, epochs=30, batch_size=16, learning_rate=0.2, early_stop=PATIENCE
)


def train(folder: Path | None, settings: TrainTable = SETTINGS) -> Fitted:
    """A training whose rate is too high to get better for long."""
    return train_network(
        tiny_network(), few_digits(), settings, seed=3, device="cpu", folder=folder
    )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fitted]:
    """A run that stopped early."""
    folder = tmp_path_factory.mktemp("stopped")
    return folder, train(folder)


def row(epoch: int, accuracy: float, loss: float) -> dict[str, float]:
    """What metrics.csv says of an epoch's validation."""
    return {"epoch": epoch, "validation_accuracy": accuracy, "validation_loss": loss}


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([row(0, 0.5, 1.0), row(1, 0.7, 2.0), row(2, 0.6, 0.1)], 1),
        ([row(0, 0.7, 1.0), row(1, 0.7, 0.9), row(2, 0.7, 0.95)], 1),
        ([row(0, 0.7, 1.0), row(1, 0.7, 1.0)], 0),
    ],
)
def test_accuracy_decides_then_the_loss_then_the_earlier(
    rows: list[dict[str, float]], best: int
) -> None:
    """A lower loss doesn't outweigh a lower accuracy, and of equal epochs the first counts."""
    assert best_row(rows)["epoch"] == best


def test_training_ends_after_its_patience(stopped: tuple[Path, Fitted]) -> None:
    """So many epochs behind the best one, and long before the last."""
    fitted = stopped[1]
    assert fitted.epoch == best_row(fitted.history)["epoch"]
    assert len(fitted.history) == fitted.epoch + PATIENCE + 1 < SETTINGS.epochs


def test_the_best_epoch_s_network_is_kept(stopped: tuple[Path, Fitted]) -> None:
    """Returned and loaded alike, with the accuracy and the loss that its row has."""
    folder, fitted = stopped
    best = fitted.history[fitted.epoch]
    validation = evaluate(fitted.network, few_digits().validation)
    labels = torch.from_numpy(few_digits().validation.labels)
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(validation.logits), labels)
    assert validation.accuracy == pytest.approx(best["validation_accuracy"])
    assert float(loss) == pytest.approx(best["validation_loss"], rel=1e-5)
    network = tiny_network(seed=9)
    load_weights(network, folder / "checkpoints" / "last.ckpt")
    assert same_state(network.state_dict(), fitted.network.state_dict())
    last = read_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"]
    assert not torch.equal(last["network.body.0.weight"], network.state_dict()["body.0.weight"])


def test_a_stopped_run_stays_stopped(stopped: tuple[Path, Fitted]) -> None:
    """Started again it trains nothing, though epochs are left."""
    folder, fitted = stopped
    stamp = (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    again = train(folder)
    assert (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns == stamp
    assert again.history == fitted.history
    assert again.epoch == fitted.epoch
    assert same_state(again.network.state_dict(), fitted.network.state_dict())


def test_without_a_folder_it_stops_alike(stopped: tuple[Path, Fitted]) -> None:
    """The best epoch is kept in memory."""
    assert same_state(train(None).network.state_dict(), stopped[1].network.state_dict())


def test_patience_beyond_the_epochs_only_chooses() -> None:
    """All epochs are trained, and the best one's network is kept."""
    fitted = train(None, SETTINGS.model_copy(update={"early_stop": 30, "epochs": 6}))
    assert len(fitted.history) == 6
    assert fitted.epoch == best_row(fitted.history)["epoch"]


@pytest.mark.parametrize("best", [7, {"network": {"body": 1}}, {"epoch": 1}])
def test_a_best_epoch_without_weights_is_refused(
    tmp_path: Path, stopped: tuple[Path, Fitted], best: object
) -> None:
    """In one line that says how to go on."""
    content = read_checkpoint(stopped[0] / "checkpoints" / "last.ckpt")
    torch.save({**content, BEST_KEY: best}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=r"no weights of its best epoch.*delete it and train"):
        load_weights(tiny_network(), tmp_path / "last.ckpt")
