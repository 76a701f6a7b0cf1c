"""The command line under torchrun: one run folder, one voice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainers.epoch_log import read_metrics

LAUNCH = "from hwsim.cli import main; main()"
TRAIN = (
    "--set", "train.epochs=3", "--set", "network.channels=[4, 8]", "--set", "train.early_stop=2",
    "--set", "method.ds-atgo.sync_statistics=true", "--device", "cpu",
)  # fmt: skip


def torchrun(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `torchrun spikeport train digits`."""
    outcome = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--no-python",
            "--nproc-per-node", "2", sys.executable, "-c", LAUNCH,
            "train", "digits", "-o", str(folder), *TRAIN, *arguments,
        ],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return outcome.returncode, outcome.stdout, outcome.stderr


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes."""
    folder = tmp_path_factory.mktemp("runs") / "together"
    code, out, error = torchrun(folder, "--set", "train.devices=2")
    assert (code, error) == (0, "")
    (line,) = out.splitlines()
    assert line.startswith("train     3 epochs, best validation epoch ")
    return folder


@pytest.mark.slow
def test_two_processes_leave_one_run(together: Path) -> None:
    """Every file once, none half written, and the accuracies that one process reaches."""
    files = sorted(str(path.relative_to(together)) for path in together.rglob("*.*"))
    assert files == [
        "checkpoints/last.ckpt", "config.toml", "diagnostics.npz", "manifest.json", "metrics.csv",
    ]  # fmt: skip
    alone = together.parent / "alone"
    subprocess.run(
        [sys.executable, "-c", LAUNCH, "train", "digits", "-o", str(alone), *TRAIN],
        check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    for row, own in zip(
        read_metrics(together / "metrics.csv"), read_metrics(alone / "metrics.csv"), strict=True
    ):
        assert row["train_loss"] == pytest.approx(own["train_loss"], rel=1e-3)
        assert row["validation_accuracy"] == pytest.approx(own["validation_accuracy"], abs=0.02)


@pytest.mark.slow
def test_a_finished_run_is_skipped_by_both(together: Path) -> None:
    """Neither waits for the other."""
    stamp = (together / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    code, out, error = torchrun(together, "--set", "train.devices=2")
    assert (code, out, error) == (0, "train     up to date, skipped\n", "")
    assert (together / "checkpoints" / "last.ckpt").stat().st_mtime_ns == stamp


@pytest.mark.slow
def test_processes_that_the_recipe_does_not_know_of_are_refused(tmp_path: Path) -> None:
    """Each would train alone and write over the other's files; before anything is written."""
    started = {"TORCHELASTIC_RUN_ID": "1", "RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2"}
    outcome = subprocess.run(
        [sys.executable, "-c", LAUNCH, "train", "digits", "-o", str(tmp_path / "run"), *TRAIN],
        capture_output=True, text=True, check=False, env={**os.environ, **started},
    )  # fmt: skip
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "train.devices 1 x train.nodes 1: 1 processes in" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
