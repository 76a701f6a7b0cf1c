"""verify leaves its rows in the run, and the report shows them while they are true."""

import json
from pathlib import Path

from tests.conftest import Command


def test_rows_on_the_page_until_a_file_changes(digits_run: Path, spikeport: Command) -> None:
    """verify, then report: a section; the same run exported again otherwise: none."""
    page, record = digits_run / "report.html", digits_run / "verify.json"
    assert "runtimes-title" not in page.read_text()
    done = spikeport("verify", digits_run, "--limit", "20", "--lava-samples", "1")
    assert done.code == 0
    assert "spikeport report" in done.out
    rows = json.loads(record.read_text())["rows"]
    assert [row["samples"] for row in rows if row["runtime"] == "pytorch"] == [20]
    assert spikeport("report", digits_run).code == 0
    assert "runtimes-title" in page.read_text()
    stored = json.loads((digits_run / "report.json").read_text())["runtimes"]
    assert [row["runtime"] for row in stored] == [row["runtime"] for row in rows]
    assert "report    up to date" in spikeport("report", digits_run).out
    (digits_run / "model.step.onnx").unlink()
    assert spikeport("report", digits_run).code == 0
    assert "runtimes-title" not in page.read_text()
    assert json.loads((digits_run / "report.json").read_text())["runtimes"] == []


def test_a_python_for_no_importer(digits_run: Path, spikeport: Command) -> None:
    """--python is told apart: its form, and the tool's name."""
    for given, said in (("norse", "expected TOOL=PATH"), ("lava=x", "no importer has that name")):
        done = spikeport("verify", digits_run, "--limit", "1", "--python", given)
        assert done.code == 2
        assert said in done.err
    assert not (digits_run / "verify.json").exists()


def test_a_missing_tool_is_named(digits_run: Path, spikeport: Command) -> None:
    """A tool that isn't there is in the table, in a line of its own, and in the record."""
    done = spikeport(
        "verify", digits_run, "--limit", "2", "--lava-samples", "1", "--python", "norse=/no/python"
    )
    assert done.code == 0
    assert "NOT CHECKED, because not installed: norse" in done.out
    rows = {
        row["runtime"]: row for row in json.loads((digits_run / "verify.json").read_text())["rows"]
    }
    assert rows["norse"]["verdict"] == "not installed"
    assert "/no/python" in rows["norse"]["note"]
