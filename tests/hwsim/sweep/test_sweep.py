"""A trained run swept: the table, killed and resumed, by several workers, of another checkpoint."""

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export.errors import InvalidGraph
from hwsim.pipeline.conversion import Conversion, TrainedRun, converted
from hwsim.sweep import point as point_module
from hwsim.sweep.workers import Workers
from tests.conftest import Command
from trainers.export_tables import ExportTable

SPACE = (
    "--bits", "4,8", "--threshold-strategy", "mean,calibrated", "--samples", "30",
    "--device", "cpu",
)  # fmt: skip


@pytest.fixture
def whole(spikeport: Command, tiny_run: Path, tmp_path: Path) -> bytes:
    """sweep.json of a sweep that nobody disturbed."""
    folder = Path(shutil.copytree(tiny_run, tmp_path / "whole"))
    outcome = spikeport("sweep", folder, *SPACE)
    assert (outcome.code, outcome.err) == (0, "")
    assert "4 of 4: 8 bits, calibrated" in outcome.out
    return (folder / "sweep" / "sweep.json").read_bytes()


def read(folder: Path) -> dict[str, Any]:
    """sweep.json."""
    content = json.loads((folder / "sweep" / "sweep.json").read_text())
    assert isinstance(content, dict)
    return content


def test_a_killed_sweep_ends_with_the_same_table(
    spikeport: Command, tiny_run: Path, whole: bytes
) -> None:
    """Killed in the third of four points: byte for byte, and two points weren't done again."""
    killed = subprocess.run(
        [sys.executable, "-m", "tests.killed_sweep", "2", str(tiny_run), *SPACE],
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tiny_run / "sweep" / "sweep.json").exists()
    outcome = spikeport("sweep", tiny_run, *SPACE)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == "2 of 4 points are stored already"
    assert outcome.out.splitlines()[1].startswith("3 of 4: 8 bits, mean")
    assert (tiny_run / "sweep" / "sweep.json").read_bytes() == whole


def test_several_workers_end_with_the_same_table(
    spikeport: Command, tiny_run: Path, whole: bytes
) -> None:
    """Whoever computed what; all workers are gone when the command ends."""
    outcome = spikeport("sweep", tiny_run, *SPACE, "--workers", "2")
    assert (outcome.code, outcome.err) == (0, "")
    assert (tiny_run / "sweep" / "sweep.json").read_bytes() == whole
    with Workers(tiny_run / "sweep" / "workers.lock") as workers, workers.turn():
        assert workers.others() == []


@pytest.mark.slow
def test_a_further_worker_does_all_and_writes_no_table(tiny_run: Path) -> None:
    """What --workers starts: it ends by itself when there is nothing left."""
    started = [
        sys.executable,
        "-m",
        "hwsim.cli",
        "sweep",
        str(tiny_run),
        "--further-worker",
        *SPACE,
    ]
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.wait() == 0
        assert worker.stdout is not None
        assert worker.stdout.read() == b""
    assert (tiny_run / "sweep" / "sweep.db").is_file()
    assert not (tiny_run / "sweep" / "sweep.json").exists()


def test_rows_are_what_export_simulate_and_report_find(spikeport: Command, tiny_run: Path) -> None:
    """Accuracy, energy, latency and spikes of a point, against the stages run for it alone."""
    spikeport("sweep", tiny_run, "--bits", "3", "--device", "cpu")
    (row,) = read(tiny_run)["rows"]
    shutil.copytree(tiny_run, alone := tiny_run.with_name("alone"))
    assert spikeport("export", alone, "--weight-bits", "3").code == 0
    assert spikeport("simulate", alone, "--device", "cpu").code == 0
    assert spikeport("report", alone).code == 0
    report = json.loads((alone / "report.json").read_text())
    tested = row["measured"]["test"]
    assert tested["accuracy"] == report["accuracy"]["chip"]
    emulated = json.loads((alone / "fidelity.json").read_text())["ledger"][-1]
    assert row["measured"]["validation"]["accuracy"] == emulated["calibration_accuracy"]
    assert row["measured"]["validation"]["accuracy"] != tested["accuracy"]
    assert tested["energy_j"] == report["energy_j"]["total"]
    assert tested["latency_s"] == report["latency_s"]["total"]
    assert tested["samples"] == report["accuracy"]["samples"]
    assert row["measured"]["weight_memory_bits"] == 3 * row["measured"]["weights"]


def test_the_csv_says_what_the_json_says(tiny_run: Path, whole: bytes) -> None:
    """A line per row, with the same figures."""
    rows = json.loads(whole)["rows"]
    with (tiny_run.parent / "whole" / "sweep" / "sweep.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(rows) == 4
    for line, row in zip(lines, rows, strict=True):
        assert line["threshold_strategy"] == row["threshold_strategy"]
        for split in ("validation", "test"):
            for name, value in row["measured"][split].items():
                assert float(line[f"{split}_{name}"]) == value
        assert line["refused"] == ""
    front = [index for index, line in enumerate(lines) if line["on_front"] == "True"]
    assert front == sorted(json.loads(whole)["front"])


def test_another_checkpoint_is_refused_until_restarted(
    spikeport: Command, tiny_run: Path, whole: bytes
) -> None:
    """In one line; nothing that is stored changes; --restart computes all again."""
    swept = tiny_run.parent / "whole"
    checkpoint = swept / "checkpoints" / "last.ckpt"
    before = (swept / "sweep" / "sweep.db").read_bytes()
    other = ("--set", "train.epochs=2", "--set", "train.time_steps=2", "--device", "cpu")
    trained = tiny_run.parent / "other"
    assert spikeport(
        "train", "digits", "-o", trained, *other, "--set", "network.channels=[2, 4]"
    ).code == 0  # fmt: skip
    shutil.copy(trained / "checkpoints" / "last.ckpt", checkpoint)
    outcome = spikeport("sweep", swept, *SPACE)
    assert outcome.code == 2
    assert "sweep.db: its points were made from another checkpoint (" in outcome.err
    assert "--restart" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert (swept / "sweep" / "sweep.db").read_bytes() == before
    outcome = spikeport("sweep", swept, *SPACE, "--restart")
    assert (outcome.code, outcome.err) == (0, "")
    assert "stored already" not in outcome.out
    assert (swept / "sweep" / "sweep.json").read_bytes() != whole


@pytest.mark.parametrize(
    ("option", "name"), [(("--chip", "loihi2"), "chip"), (("--samples", "31"), "number of samples")]
)
def test_other_measures_are_refused(
    spikeport: Command, tiny_run: Path, whole: bytes, option: tuple[str, str], name: str
) -> None:
    """Rows of two chips, or over different samples, don't belong into one table."""
    arguments = [*SPACE, *option]
    outcome = spikeport("sweep", tiny_run.parent / "whole", *arguments)
    assert outcome.code == 2
    assert f"another {name} (" in outcome.err


def test_a_restart_while_others_work_is_refused(
    spikeport: Command, tiny_run: Path, whole: bytes
) -> None:
    """It would take the file away from under them."""
    swept = tiny_run.parent / "whole"
    lock = swept / "sweep" / "workers.lock"
    hold = (
        "import sys; from pathlib import Path; from hwsim.sweep.workers import Workers\n"
        f"with Workers(Path({str(lock)!r})) as workers:\n"
        "    with workers.turn(): workers.enter()\n"
        "    print('!', flush=True); sys.stdin.read()"
    )
    started = [sys.executable, "-c", hold]
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.read(1) == b"!"
        outcome = spikeport("sweep", swept, *SPACE, "--restart")
    assert outcome.code == 2
    assert "other workers are computing its points" in outcome.err


def refusing(message: str) -> Callable[..., Conversion]:
    """A conversion that refuses four bits."""

    def refuse(run: TrainedRun, table: ExportTable) -> Conversion:
        if table.weight_bits == 4:
            raise InvalidGraph(message)
        return converted(run, table)

    return refuse


def test_a_refused_point_is_a_row(
    spikeport: Command, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its line; the others are measured, and only they are on the front."""
    monkeypatch.setattr(point_module, "converted", refusing("layer 'a': [bold]no\nroom[/bold]."))
    outcome = spikeport("sweep", tiny_run, *SPACE)
    assert (outcome.code, outcome.err) == (0, "")
    assert r"4 bits, mean, max-abs: refused: layer 'a': [bold]no\nroom[/bold]." in outcome.out
    content = read(tiny_run)
    assert [row["refused"] is not None for row in content["rows"]] == [True, True, False, False]
    assert set(content["front"]) <= {2, 3}
    with (tiny_run / "sweep" / "sweep.csv").open() as file:
        assert next(csv.DictReader(file))["refused"] == r"layer 'a': [bold]no\nroom[/bold]."


def test_a_schedule_has_no_energy_and_is_not_on_the_front(
    spikeport: Command, tiny_run: Path
) -> None:
    """Its accuracy is told, its energy is "no chip equivalent"."""
    arguments = ("--bits", "8", "--threshold-strategy", "mean,schedule", "--samples", "30")
    outcome = spikeport("sweep", tiny_run, *arguments, "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    assert "no chip equivalent: thresholds that move with time run in the emulator" in outcome.out
    mean, schedule = read(tiny_run)["rows"]
    assert mean["measured"]["validation"]["energy_j"] > 0
    assert schedule["measured"]["validation"]["energy_j"] is None
    assert schedule["measured"]["test"]["latency_s"] is None
    assert 0 <= schedule["measured"]["test"]["accuracy"] <= 1
    assert (read(tiny_run)["front"], read(tiny_run)["best"]) == ([0], 0)


def test_constant_thresholds_make_one_row_of_all_strategies(
    spikeport: Command, tmp_path: Path
) -> None:
    """And say so."""
    settings = ("train.epochs=1", "train.time_steps=2", "network.channels=[2, 4]")
    flags = [part for setting in settings for part in ("--set", setting)]
    run = tmp_path / "baseline"
    assert spikeport("train", "digits-baseline", "-o", run, "--device", "cpu", *flags).code == 0
    arguments = ("--bits", "8", "--threshold-strategy", "all", "--samples", "30", "--device", "cpu")
    outcome = spikeport("sweep", run, *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    assert "No threshold of this network changes with time" in outcome.out
    (row,) = read(run)["rows"]
    assert row["threshold_strategy"] == "mean"
    assert row["measured"] is not None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--bits", "9"), "--bits 9: '9' isn't within 2:8"),
        (("--threshold-strategy", "median"), "--threshold-strategy median: 'median' is unknown"),
        (("--scale-search", "best"), "--scale-search best: 'best' is unknown"),
        (("--qat", "perhaps"), "--qat perhaps: unknown"),
        (("--chip", "loihi9"), "chip 'loihi9': unknown"),
    ],
)
def test_unknown_values_are_refused_in_one_line(
    spikeport: Command, tiny_run: Path, arguments: tuple[str, str], line: str
) -> None:
    """Before anything is written."""
    outcome = spikeport("sweep", tiny_run, *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"spikeport: error: {line}")
    assert len(outcome.err.splitlines()) == 1
    assert not (tiny_run / "sweep").exists()


def test_a_run_without_checkpoint_is_refused(spikeport: Command, tiny_run: Path) -> None:
    """With what to do."""
    shutil.rmtree(tiny_run / "checkpoints")
    outcome = spikeport("sweep", tiny_run)
    assert outcome.code == 2
    assert "no checkpoint. Train first" in outcome.err
