"""Training as a whole: repeatable, resumable, quiet, and refusing what it can't do."""

import os
import shutil
import signal
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import copied_state, few_digits, same_state, tiny_module, tiny_network
from trainers.checkpoint import load_weights, read_checkpoint
from trainers.data.load import load_data
from trainers.epoch_log import COLUMNS, read_metrics
from trainers.errors import CheckpointError, ConfigError, FileError, SpikeportError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, fit, train_network
from trainers.lightning_module import SpikingClassifier
from trainers.neurons.lif import LIF
from trainers.recipe import TrainTable

SETTINGS = TrainTable(time_steps=2, epochs=4, batch_size=32)
BATCHES = 4
"""129 samples in batches of 32, the last one of 33."""


def train(folder: Path | None = None, fingerprint: str = "recipe A", seed: int = 3) -> Fitted:
    """A short training of the tiny network."""
    return train_network(
        tiny_network(), few_digits(), SETTINGS,
        seed=seed, device="cpu", folder=folder, fingerprint=fingerprint,
    )  # fmt: skip


def interrupted_training(folder: Path, after: int) -> None:
    """The same training, stopped by Ctrl-C in the middle of a training batch."""
    network = tiny_network()
    seen = 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if seen > after:
            raise KeyboardInterrupt

    network.body[0].register_forward_hook(ctrl_c)  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt):
        train_network(
            network, few_digits(), SETTINGS,
            seed=3, device="cpu", folder=folder, fingerprint="recipe A",
        )  # fmt: skip


def without_seconds(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Everything in the history but the clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fitted]:
    """A run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    return folder, train(folder)


def test_a_seed_decides_every_weight(unbroken: tuple[Path, Fitted]) -> None:
    """The same one gives the same bits, with or without a run folder; another one doesn't."""
    expected = unbroken[1].network.state_dict()
    torch.manual_seed(99)
    again = train()
    assert same_state(again.network.state_dict(), expected)
    assert without_seconds(again.history) == without_seconds(unbroken[1].history)
    assert not same_state(train(seed=4).network.state_dict(), expected)


def test_a_seed_decides_the_order_of_the_samples() -> None:
    """Also where nothing but the shuffling is random."""
    losses = set()
    for seed in (0, 1, 2):
        module = tiny_module()
        module[5] = nn.Identity()
        history = fit(module, few_digits(), epochs=1, seed=seed, device="cpu").history
        losses.add(history[0]["train_loss"])
    assert len(losses) == 3


@pytest.mark.parametrize("after", [1, BATCHES, 2 * BATCHES + 1, 4 * BATCHES - 1])
def test_an_interrupted_run_continues_to_the_same_result(
    tmp_path: Path, unbroken: tuple[Path, Fitted], after: int
) -> None:
    """Stopped in any epoch: weights, dropout, optimiser and metrics go on where they were."""
    interrupted_training(tmp_path, after)
    done = after // BATCHES
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file() == (done > 0)
    assert len(read_metrics(tmp_path / "metrics.csv")) == done if done else True
    resumed = train(tmp_path)
    assert same_state(resumed.network.state_dict(), unbroken[1].network.state_dict())
    assert without_seconds(resumed.history) == without_seconds(unbroken[1].history)
    columns = [without_clock(path / "metrics.csv") for path in (tmp_path, unbroken[0])]
    assert columns[0] == columns[1]


def without_clock(path: Path) -> list[str]:
    """The file's lines up to the last column."""
    return [line.rpartition(",")[0] for line in path.read_text().splitlines()]


def test_a_finished_run_is_not_trained_again(unbroken: tuple[Path, Fitted], tmp_path: Path) -> None:
    """It comes back at once, whole, and also from a folder that was moved."""
    moved = tmp_path / "moved"
    shutil.copytree(unbroken[0], moved)
    stamp = (moved / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    again = train(moved)
    assert same_state(again.network.state_dict(), unbroken[1].network.state_dict())
    assert again.history == unbroken[1].history
    assert (moved / "checkpoints" / "last.ckpt").stat().st_mtime_ns == stamp


def test_another_recipe_s_checkpoint_is_not_continued(
    tmp_path: Path, unbroken: tuple[Path, Fitted]
) -> None:
    """Its weights and its metrics are replaced by those of a run from the start."""
    folder = tmp_path / "other"
    shutil.copytree(unbroken[0], folder)
    other = train(folder, fingerprint="recipe B", seed=4)
    assert same_state(other.network.state_dict(), train(seed=4).network.state_dict())
    assert [row["epoch"] for row in read_metrics(folder / "metrics.csv")] == [0, 1, 2, 3]
    assert read_checkpoint(folder / "checkpoints" / "last.ckpt")["spikeport_fingerprint"] == (
        "recipe B"
    )


def test_a_damaged_checkpoint_stops_a_run_at_once(
    tmp_path: Path, unbroken: tuple[Path, Fitted]
) -> None:
    """It is neither continued nor overwritten; the message says how to go on."""
    folder = tmp_path / "damaged"
    shutil.copytree(unbroken[0], folder)
    path = folder / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"not a readable checkpoint.*delete it and train"):
        train(folder)
    assert path.stat().st_size == 1000


def test_the_run_folder_holds_the_last_epoch(unbroken: tuple[Path, Fitted]) -> None:
    """One checkpoint whose weights are those returned, one row per epoch, diagnostics, no more."""
    folder, fitted = unbroken
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == ["checkpoints/last.ckpt", "diagnostics.npz", "metrics.csv"]
    network = tiny_network(seed=8)
    load_weights(network, folder / "checkpoints" / "last.ckpt")
    assert same_state(copied_state(network), fitted.network.state_dict())
    assert (folder / "metrics.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    assert read_metrics(folder / "metrics.csv") == fitted.history
    assert [row["epoch"] for row in fitted.history] == [0, 1, 2, 3]
    assert all(set(row) == set(COLUMNS) for row in fitted.history)


def test_the_logged_validation_accuracy_is_the_last_network_s(
    unbroken: tuple[Path, Fitted],
) -> None:
    """The same number as an evaluation of what is returned."""
    fitted = unbroken[1]
    found = evaluate(fitted.network, few_digits().validation).accuracy
    assert fitted.history[-1]["validation_accuracy"] == pytest.approx(found, abs=1e-6)


def test_what_is_returned_is_ready_to_use(unbroken: tuple[Path, Fitted]) -> None:
    """On the CPU, in evaluation mode."""
    network = unbroken[1].network
    assert not any(module.training for module in network.modules())
    assert {weight.device.type for weight in network.state_dict().values()} == {"cpu"}


def test_a_full_disk_ends_training_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: tuple[Path, Fitted]
) -> None:
    """The checkpoint before it stands, and the run continues once there is space."""
    interrupted_training(tmp_path, 2 * BATCHES)
    before = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", no_space)
        with pytest.raises(FileError, match=r"last\.ckpt: can't be written .*No space left"):
            train(tmp_path)
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == before
    assert same_state(train(tmp_path).network.state_dict(), unbroken[1].network.state_dict())


class Residual(nn.Module):
    """A user's network with a forward pass of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.first = LIF()
        self.branch = nn.Conv2d(6, 6, 3, padding=1)
        self.second = LIF()
        self.head = nn.Linear(6 * 16, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        """Spikes of both layers are added and pooled."""
        spikes = self.first(self.stem(inputs))
        total = spikes + self.second(self.branch(spikes))
        outputs: Tensor = self.head(nn.functional.avg_pool2d(total, 2).flatten(1))
        return outputs


def test_a_module_with_its_own_forward_pass_learns() -> None:
    """Not only a Sequential: the loss falls and every layer's weights move."""
    torch.manual_seed(0)
    module = Residual()
    before = copied_state(module)
    fitted = fit(module, few_digits(), time_steps=3, epochs=12, batch_size=16, device="cpu")
    losses = [row["train_loss"] for row in fitted.history]
    assert losses[-1] < 0.6 * losses[0]
    assert [name for name, _ in fitted.network.neurons()] == ["first", "second"]
    moved = [not torch.equal(before[name], weight) for name, weight in module.named_parameters()
             if name in before]  # fmt: skip
    assert all(moved)


def test_the_digits_are_learnt() -> None:
    """Eight epochs of the tiny network on all digits read nine in ten test images rightly."""
    digits = load_data("digits")
    fitted = fit(tiny_module(), digits, time_steps=2, epochs=8, device="cpu")
    assert evaluate(fitted.network, digits.test).accuracy > 0.9


def test_training_goes_on_from_a_network_in_evaluation_mode() -> None:
    """A second fit of a fitted module learns: its norms and running thresholds move again."""
    module = tiny_module()
    first = copied_state(fit(module, few_digits(), epochs=1, device="cpu").network)
    assert not module.training
    second = fit(module, few_digits(), epochs=1, device="cpu").network.state_dict()
    for name in ("body.1.running_mean", "body.6.weight"):
        assert not torch.equal(first[name], second[name])
    running = second["body.2.threshold_rule.running"]
    assert not torch.equal(running, torch.ones_like(running))


def test_nothing_is_left_beside_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file in the working directory, no line on the terminal, no warning, no handler.

    Many cores make lightning ask for worker processes.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    handler = signal.getsignal(signal.SIGINT)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(tiny_module(), few_digits(), epochs=1, device="cpu")
        with pytest.raises(SpikeportError):
            fit(tiny_module(), few_digits(), epochs=1, device="nowhere")
    interrupted_training(tmp_path / "run", 1)
    assert [str(warning.message) for warning in caught] == []
    assert os.listdir(tmp_path) in ([], ["run"])
    assert capfd.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_before_the_first_batch_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while lightning sets up: passed on, and the next Ctrl-C still works."""

    def ctrl_c(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(SpikingClassifier, "setup", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_module(), few_digits(), epochs=1, device="cpu")
    assert signal.getsignal(signal.SIGINT) is handler


def test_training_works_outside_the_main_thread() -> None:
    """A notebook or a server may train in a thread of its own."""
    results: list[Fitted] = []
    thread = threading.Thread(
        target=lambda: results.append(fit(tiny_module(), few_digits(), epochs=1, device="cpu"))
    )
    thread.start()
    thread.join()
    assert len(results) == 1


def test_mixed_precision_trains_and_returns_float32() -> None:
    """bfloat16 inside, full weights outside."""
    fitted = fit(tiny_module(), few_digits(), epochs=2, precision="bf16", device="cpu")
    full = fit(tiny_module(), few_digits(), epochs=2, device="cpu")
    assert {weight.dtype for weight in fitted.network.parameters()} == {torch.float32}
    assert fitted.history[-1]["train_loss"] != full.history[-1]["train_loss"]
    assert fitted.history[-1]["train_loss"] == pytest.approx(full.history[-1]["train_loss"], 0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"epoch": 3}, "fit: epoch: unknown key"),
        ({"epochs": 0, "time_step": 1}, "fit: epochs: .*; time_step: unknown key"),
        ({"options": {"f": 1}, "lr": 1}, "fit: lr: unknown key; options.f: unknown key"),
        ({"method": "adam"}, "fit: method: unknown 'adam'; known: alif, baseline"),
        ({"device": "tpu"}, "device 'tpu': unknown"),
        ({"precision": "16", "device": "cpu"}, "train.precision 16: a CPU has no float16"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], said: str) -> None:
    """All at once, each with its place, before anything is trained."""
    with pytest.raises(ConfigError, match=said) as error:
        fit(tiny_module(), few_digits(), **arguments)
    assert "\n" not in str(error.value)
