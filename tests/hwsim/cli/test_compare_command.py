"""`spikeport compare` from the command line."""

import json
from pathlib import Path

import pytest

from tests.comparison_example import run_folder, uncosted
from tests.conftest import Command
from tests.report_example import example_report


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two run folders."""
    return (
        run_folder(tmp_path / "digits", example_report()),
        run_folder(tmp_path / "wide", example_report(layers=5, cores=9)),
    )


def test_runs_stand_side_by_side(spikeport: Command, folders: tuple[Path, Path]) -> None:
    """The table alone, no file."""
    outcome = spikeport("compare", *folders)
    assert outcome.code == 0
    assert outcome.err == ""
    for word in ("digits", "wide", "Energy, low", "Latency", "Energy-delay product", "*"):
        assert word in outcome.out


@pytest.mark.parametrize("ending", ["html", "md", "csv", "json"])
def test_the_file_is_written(
    spikeport: Command, folders: tuple[Path, Path], tmp_path: Path, ending: str
) -> None:
    """In the form that its ending names, beside the table."""
    path = tmp_path / "new" / f"compare.{ending}"
    outcome = spikeport("compare", *folders, "-o", path)
    assert outcome.code == 0
    assert str(path) in outcome.out.replace("\n", "")
    text = path.read_text(encoding="utf-8")
    start = {"html": "<!doctype html>", "md": "# digits and wide", "csv": "run,", "json": "{"}
    assert text.startswith(start[ending])
    assert "wide" in text


def test_a_report_file_and_a_run_without_costs_are_taken(
    spikeport: Command, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """What isn't known is null."""
    other = run_folder(tmp_path / "none", uncosted(), data=None)
    path = tmp_path / "c.json"
    outcome = spikeport("compare", folders[0] / "report.json", other, "-o", path)
    assert outcome.code == 0
    assert "no chip equivalent" in outcome.out
    assert [run["energy_j"] is None for run in json.loads(path.read_text())["runs"]] == [
        False, True,
    ]  # fmt: skip


def test_what_cannot_be_compared_is_one_line(
    spikeport: Command, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Exit code 2, nothing printed, no file made."""
    first, second = folders
    (tmp_path / "empty").mkdir()
    old = run_folder(tmp_path / "old", example_report())
    text = (old / "report.json").read_text()
    (old / "report.json").write_text(text.replace('"format": 2', '"format": 1', 1))
    cases = {
        "two are the fewest": (first,),
        "named twice": (first, first),
        "no report.json there": (first, tmp_path / "empty"),
        "isn't a report of this version": (first, old),
        "unknown ending": (first, second, "-o", tmp_path / "c.pdf"),
        "a report that is compared": (first, second, "-o", second / "report.json"),
    }
    for words, arguments in cases.items():
        outcome = spikeport("compare", *arguments)
        assert outcome.code == 2, words
        assert words in outcome.err
        assert outcome.err.count("\n") == 1
    assert (second / "report.json").stat().st_size == pytest.approx(
        len((second / "report.json").read_text(encoding="utf-8").encode())
    )
    assert spikeport("compare").code == 2
