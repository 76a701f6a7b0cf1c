"""Two real processes of torchrun train what one trains alone."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny_training import same_state
from tests.training_together import BROKEN, CASES, train
from trainers.checkpoint import read_checkpoint
from trainers.epoch_log import read_metrics
from trainers.fitting import Fitted
from trainers.rank_state import RANKS_KEY

TOLERANCE = 2e-6
"""Of weights near 1: two partial sums of float32, 2^-24 relative each, over 15 steps of AdamW."""

SYNCHRONISED = ("ds-atgo", "two")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes have trained every case."""
    folder = tmp_path_factory.mktemp("together")
    outcome = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            "-m", "tests.training_together", str(folder),
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == ""
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fitted]:
    """The same trainings in this process."""
    folder = tmp_path_factory.mktemp("alone")
    return {case: train(folder / case, case, 1) for case in CASES}


def returned(together: Path, case: str) -> list[dict[str, Any]]:
    """Weights and history of both processes."""
    return [torch.load(together / f"{case}-{rank}.pt") for rank in (0, 1)]


@pytest.mark.parametrize("case", SYNCHRONISED)
def test_two_processes_train_as_one(together: Path, alone: dict[str, Fitted], case: str) -> None:
    """Weights, running statistics and thresholds, step weights and metrics, on both processes."""
    expected = alone[case].network.state_dict()
    for process in returned(together, case):
        assert process["state"].keys() == expected.keys()
        for name, tensor in process["state"].items():
            torch.testing.assert_close(
                tensor, expected[name], rtol=0, atol=TOLERANCE, msg=f"{case}: {name}"
            )
        assert_same_metrics(process["history"], alone[case].history, TOLERANCE)


@pytest.mark.parametrize("case", CASES)
def test_both_processes_end_with_the_same_weights(together: Path, case: str) -> None:
    """Bit for bit, and so do their metrics; without synchronised statistics too."""
    first, second = returned(together, case)
    trained = [name for name in first["state"] if "running" not in name]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in trained)
    assert_same_metrics(first["history"], second["history"])


def test_statistics_of_each_process_are_another_training(
    together: Path, alone: dict[str, Fitted]
) -> None:
    """What sync_statistics is for: without it the weights differ visibly."""
    weights = [one["body.0.weight"] for one in (
        returned(together, "own-statistics")[0]["state"],
        alone["own-statistics"].network.state_dict(),
    )]  # fmt: skip
    assert (weights[0] - weights[1]).abs().max() > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_the_first_process_alone_writes(together: Path, case: str) -> None:
    """One row per epoch, one checkpoint, diagnostics, and nothing half written."""
    folder = together / case
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == ["checkpoints/last.ckpt", "diagnostics.npz", "metrics.csv"]
    assert read_metrics(folder / "metrics.csv") == returned(together, case)[0]["history"]
    names = read_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"]
    assert not any("module." in name for name in names)


def test_norms_are_plain_again_after_training(together: Path) -> None:
    """A process that trained with others returns torch's own batch norms."""
    kinds = {kind for one in returned(together, "ds-atgo") for kind in one["norms"]}
    assert kinds == {"BatchNorm1d", "BatchNorm2d"}


@pytest.mark.parametrize("case", BROKEN)
def test_a_stopped_training_continues_on_both(together: Path, case: str) -> None:
    """Within its epoch, to the same bits and metrics; each process draws on where it was."""
    stopped = read_checkpoint(together / f"stopped-{case}" / "checkpoints" / "last.ckpt")
    assert stopped["epoch"] == 1
    states = stopped[RANKS_KEY]
    assert [state["batches"] for state in states] == [2, 2]
    assert not torch.equal(states[0]["rng"], states[1]["rng"])
    for rank, whole in enumerate(returned(together, case)):
        continued = torch.load(together / f"continued-{case}-{rank}.pt")
        assert same_state(continued["state"], whole["state"])
        assert_same_metrics(continued["history"], whole["history"])


def test_one_process_continues_what_two_began(together: Path, tmp_path: Path) -> None:
    """Within the epoch: where nothing is drawn, to the weights that two would have reached."""
    shutil.copytree(together / "stopped-two", tmp_path / "run")
    continued = train(tmp_path / "run", "two", 1)
    whole = returned(together, "two")[0]
    for name, tensor in continued.network.state_dict().items():
        torch.testing.assert_close(tensor, whole["state"][name], rtol=0, atol=TOLERANCE, msg=name)
    assert_same_metrics(continued.history, whole["history"], TOLERANCE)


def test_one_process_draws_on_for_two(together: Path, tmp_path: Path) -> None:
    """A dropout of the same seed, epoch and mini-batch comes the same way every time."""
    runs: list[dict[str, torch.Tensor]] = []
    for name in ("first", "second"):
        shutil.copytree(together / "stopped-dropout", tmp_path / name)
        torch.manual_seed(len(runs))
        runs.append(train(tmp_path / name, "dropout", 1).network.state_dict())
    assert same_state(runs[0], runs[1])


def assert_same_metrics(
    found: list[dict[str, float]], expected: list[dict[str, float]], tolerance: float = 0
) -> None:
    """All columns but what depends on clock and share."""
    for row, own in zip(found, expected, strict=True):
        for name in row.keys() - {"seconds", "bytes_per_sample"}:
            assert row[name] == pytest.approx(own[name], abs=tolerance, rel=0), name
