"""A run killed in mid-epoch continues from its last mini-batches to the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.killed_training import DIES_AFTER, TRAIN, train_here
from tests.tiny_training import same_state
from trainers.checkpoint import read_checkpoint
from trainers.epoch_log import read_metrics
from trainers.fitting import Fitted
from trainers.rank_state import RANKS_KEY


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder per case, of a training that was killed in its second epoch without a word."""
    folder = tmp_path_factory.mktemp("broken")
    subprocess.run(
        [sys.executable, "-m", "tests.killed_training", str(folder), *TRAIN], check=True,
        # Sums in another number of threads are other sums in the last bits.
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )  # fmt: skip
    return folder


def without_clock(path: Path) -> list[str]:
    """The lines of metrics.csv up to the seconds."""
    return [line.rpartition(",")[0] for line in path.read_text().splitlines()]


def assert_the_same_run(left: tuple[Path, Fitted], right: tuple[Path, Fitted]) -> None:
    """Weights bit for bit, every column but the seconds, and the layers' diagnostics."""
    assert same_state(left[1].network.state_dict(), right[1].network.state_dict())
    assert without_clock(left[0] / "metrics.csv") == without_clock(right[0] / "metrics.csv")
    diagnostics = [(folder / "diagnostics.npz").read_bytes() for folder, _ in (left, right)]
    assert diagnostics[0] == diagnostics[1]


@pytest.mark.parametrize("case", TRAIN)
def test_a_killed_run_continues_within_its_epoch(tmp_path: Path, broken: Path, case: str) -> None:
    """SIGKILL behind a checkpoint in the second epoch: the rest is trained, and nothing twice."""
    whole = train_here(tmp_path / "whole", case)
    checkpoint = read_checkpoint(broken / case / "checkpoints" / "last.ckpt")
    done = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["processed"]
    assert checkpoint["epoch"] == 1
    assert 0 < done < DIES_AFTER
    assert len(checkpoint[RANKS_KEY]) == 1
    assert len(read_metrics(broken / case / "metrics.csv")) == 1
    seen: list[int] = []
    resumed = train_here(broken / case, case, seen)
    assert seen[0] == done
    assert_the_same_run((tmp_path / "whole", whole), (broken / case, resumed))


def test_an_end_of_an_epoch_holds_nothing_of_its_middle(tmp_path: Path) -> None:
    """The finished run's checkpoint has no process's state."""
    train_here(tmp_path, "two")
    assert RANKS_KEY not in read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
