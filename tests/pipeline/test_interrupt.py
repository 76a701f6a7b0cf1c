"""Ctrl-C leaves a run that the same command continues, with the same result."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainers.checkpoint import read_checkpoint
from trainers.epoch_log import read_metrics

ARGUMENTS = ("--set", "train.epochs=12", "--set", "network.channels=[4, 8]", "--device", "cpu")
LAUNCH = "from hwsim.cli import main; main()"


def start(folder: Path) -> "subprocess.Popen[str]":
    """Starts the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, "train", "digits", "-o", str(folder), *ARGUMENTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def finish(process: "subprocess.Popen[str]", *, code: int) -> str:
    """Waits for the process, checks its exit code and returns its standard error."""
    _, error = process.communicate(timeout=120)
    assert process.returncode == code, error
    return error


@pytest.mark.slow
def test_an_interrupted_training_continues_to_the_same_weights(tmp_path: Path) -> None:
    """Interrupted after some epochs and continued, a run equals one that was left alone."""
    finish(start(tmp_path / "whole"), code=0)

    broken = start(tmp_path / "broken")
    metrics = tmp_path / "broken" / "metrics.csv"
    deadline = time.monotonic() + 60
    while not (metrics.is_file() and len(read_metrics(metrics)) >= 3):
        assert time.monotonic() < deadline, "training never got through three epochs"
        assert broken.poll() is None, broken.communicate()
        time.sleep(0.01)
    broken.send_signal(signal.SIGINT)
    error = finish(broken, code=130)
    assert error.strip().splitlines()[-1].startswith("spikeport: interrupted.")
    assert len(read_metrics(metrics)) < 12
    assert not list((tmp_path / "broken").rglob("*partial*"))

    finish(start(tmp_path / "broken"), code=0)
    weights = [
        read_checkpoint(tmp_path / name / "checkpoints" / "last.ckpt")["state_dict"]
        for name in ("whole", "broken")
    ]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    rows = [read_metrics(tmp_path / name / "metrics.csv") for name in ("whole", "broken")]
    assert [r["validation_accuracy"] for r in rows[0]] == [
        r["validation_accuracy"] for r in rows[1]
    ]
