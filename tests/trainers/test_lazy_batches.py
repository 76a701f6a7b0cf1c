"""Training on images that are read from files: the same as in memory, whoever reads them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.image_folders import write_folder
from tests.tiny_training import same_state
from trainers.data import DataSplits, Split
from trainers.data.load import load_data
from trainers.epoch_batches import EpochBatches
from trainers.epoch_log import read_metrics
from trainers.errors import DataError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, fit, train_network
from trainers.lazy_batches import lazy_loader
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import TrainTable

SETTINGS = TrainTable(time_steps=2, epochs=3, batch_size=16)
BATCHES = 4
"""54 samples in batches of 16, the last one of 6."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small image folder; read it, never change it."""
    return write_folder(tmp_path_factory.mktemp("images") / "insects")


def loaded(folder: Path, workers: int) -> DataSplits:
    """The folder's splits, read by so many processes."""
    return load_data("image-folder", path=folder, image_size=14, workers=workers)


def in_memory(data: DataSplits) -> DataSplits:
    """The same samples as arrays."""
    train, validation, test = (
        Split(split.inputs[:], split.labels) for split in (data.train, data.validation, data.test)
    )
    return DataSplits(data.name, train, validation, test, data.classes)


def module() -> nn.Sequential:
    """A dropout shows whether randomness repeats."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        LIF(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(196, 3),
    )


def train(data: DataSplits, folder: Path | None = None, stop_after: int | None = None) -> Fitted:
    """A short training, interrupted in a training batch if that is wanted."""
    network = SpikingNetwork(module(), 2)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    seen = 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if stop_after is not None and seen > stop_after:
            raise KeyboardInterrupt

    network.body.get_submodule("0").register_forward_hook(ctrl_c)
    return train_network(
        network, data, SETTINGS, seed=3, device="cpu", folder=folder, fingerprint="mine"
    )


def without_seconds(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Everything in the history but the clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def expected(folder: Path) -> Fitted:
    """Training on the same samples in memory."""
    return train(in_memory(loaded(folder, 0)))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_files_give_the_weights_that_memory_gives(
    folder: Path, expected: Fitted, workers: int
) -> None:
    """Bit for bit, whoever reads; metrics too, and no process is left."""
    fitted = train(loaded(folder, workers))
    assert same_state(fitted.network.state_dict(), expected.network.state_dict())
    assert without_seconds(fitted.history) == without_seconds(expected.history)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("after", [1, BATCHES + 2, 2 * BATCHES])
def test_an_interrupted_run_continues_to_the_same_result(
    tmp_path: Path, folder: Path, expected: Fitted, after: int
) -> None:
    """Also with another number of processes; the interrupted ones are gone."""
    with pytest.raises(KeyboardInterrupt):
        train(loaded(folder, 2), tmp_path, stop_after=after)
    assert multiprocessing.active_children() == []
    resumed = train(loaded(folder, 1), tmp_path)
    assert len(read_metrics(tmp_path / "metrics.csv")) == 3
    assert same_state(resumed.network.state_dict(), expected.network.state_dict())
    assert without_seconds(resumed.history) == without_seconds(expected.history)


def test_the_folder_is_learnt(folder: Path) -> None:
    """The band of each class is found in test images that nobody has seen."""
    data = loaded(folder, 2)
    fitted = fit(module(), data, time_steps=2, epochs=12, batch_size=16, device="cpu")
    assert evaluate(fitted.network, data.test).accuracy > 0.9


def test_evaluation_reads_file_by_file(folder: Path, expected: Fitted) -> None:
    """The same logits as in memory; of the first samples alone, no file behind them is opened."""
    data = loaded(folder, 0)
    whole = evaluate(expected.network, data.test, batch_size=5)
    memory = evaluate(expected.network, in_memory(data).test, batch_size=5)
    assert (whole.logits == memory.logits).all()
    assert whole.accuracy == memory.accuracy
    few = evaluate(expected.network, data.test, batch_size=5, samples=7)
    assert few.logits.shape == (7, 3)
    hits = memory.logits[:7].argmax(axis=1) == data.test.labels[:7]
    assert few.accuracy == hits.mean()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_ends_training_in_one_line(tmp_path: Path, workers: int) -> None:
    """With its path, also out of another process, and no process is left."""
    damaged = write_folder(tmp_path) / "train" / "cow" / "0005.JPEG"
    damaged.write_bytes(damaged.read_bytes()[:300])
    data = loaded(tmp_path, workers)
    with pytest.raises(DataError, match=r"train/cow/0005\.JPEG: isn't a readable") as error:
        train(data)
    assert "\n" not in str(error.value)
    assert multiprocessing.active_children() == []


def test_a_reader_that_dies_ends_training_in_one_line(folder: Path) -> None:
    """As when the system ends it for want of memory."""
    data = loaded(folder, 2)
    body = module()

    def kill_a_reader(*_: object) -> None:
        for reader in multiprocessing.active_children()[:1]:
            reader.kill()

    body[0].register_forward_hook(kill_a_reader)
    with pytest.raises(DataError, match=r"a process that reads .*lower data\.workers") as error:
        fit(body, data, epochs=200, batch_size=16, device="cpu")
    assert "\n" not in str(error.value)


def test_nothing_is_left_on_the_terminal(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No warning, no line, of a training that ends and of one that is stopped."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(loaded(folder, 2))
        with pytest.raises(KeyboardInterrupt):
            train(loaded(folder, 2), stop_after=2)
    assert [str(warning.message) for warning in caught] == []
    assert capfd.readouterr() == ("", "")


CHILD = """
import os, signal, sys
from hwsim.cli.app import run
from trainers.epoch_log import EpochLog

def ctrl_c(*arguments):
    if not interrupted:
        interrupted.append(True)
        os.killpg(0, signal.SIGINT)

interrupted = []
signal.signal(signal.SIGINT, signal.default_int_handler)
EpochLog.on_train_batch_end = ctrl_c
sys.exit(run(["train", *sys.argv[1:], "--device", "cpu"]))
"""


def test_ctrl_c_reaches_all_processes_and_ends_them_quietly(tmp_path: Path, folder: Path) -> None:
    """As a terminal sends it, to the whole group: exit code 130, one line, nobody left."""
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        f'[data]\nname = "image-folder"\npath = "{folder}"\nimage_size = 16\nworkers = 2\n'
        '[network]\nname = "mlp"\n[method]\nuse = ["baseline"]\n[train]\nepochs = 1000\n'
        "batch_size = 16\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(recipe), "-o", str(tmp_path / "run")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    _, error = child.communicate(timeout=120)
    assert child.returncode == 130, error
    assert len(error.strip().splitlines()) == 1
    assert error.startswith("spikeport: interrupted.")
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


def test_batches_come_in_the_sampler_s_order(folder: Path) -> None:
    """Lists of inputs and labels, epoch for epoch as in memory, from any number of processes."""
    split = loaded(folder, 0).train
    for epoch in (0, 5):
        order = EpochBatches(54, 16, shuffle=True, seed=2)
        order.set_epoch(epoch)
        for workers in (0, 2):
            found = list(lazy_loader(split, order, workers))
            for batch, rows in zip(found, order, strict=True):
                inputs, labels = batch
                assert torch.equal(inputs, torch.from_numpy(split.inputs[rows]))
                assert labels.tolist() == split.labels[rows].tolist()


def test_an_epoch_draws_nothing_from_the_global_state(folder: Path) -> None:
    """Or dropout would depend on how many processes read."""
    data: Any = lazy_loader(loaded(folder, 2).train, EpochBatches(54, 16, shuffle=True), 2)
    torch.manual_seed(5)
    list(data)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), drawn)


def test_it_works_outside_the_main_thread(folder: Path, expected: Fitted) -> None:
    """A notebook or a server may train in a thread of its own."""
    results: list[Fitted] = []
    thread = threading.Thread(target=lambda: results.append(train(loaded(folder, 2))))
    thread.start()
    thread.join()
    assert same_state(results[0].network.state_dict(), expected.network.state_dict())


def test_readers_leave_ctrl_c_to_the_parent(folder: Path) -> None:
    """A signal to a reader alone doesn't cost a batch."""
    batches = iter(lazy_loader(loaded(folder, 1).train, EpochBatches(54, 4, shuffle=False), 1))
    seen = [next(batches)]
    for reader in multiprocessing.active_children():
        assert reader.pid is not None
        os.kill(reader.pid, signal.SIGINT)
    seen += batches
    assert sum(len(labels) for _, labels in seen) == 54
