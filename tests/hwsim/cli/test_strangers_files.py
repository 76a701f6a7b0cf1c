"""Commands open a stranger's files in a child process first, and their own ones at once."""

import json
from pathlib import Path

import numpy as np
import pytest

from export.chip.netx_write import write_netx
from export.nir_file import write_nir
from hwsim.foreign import opening
from tests.conftest import Command
from tests.frozen_networks import conv_network
from tests.hwsim.foreign.test_opening import HARM, children
from tests.small_chip_graphs import chain


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading any file crashes the process."""
    monkeypatch.setattr(opening, "CHILD", HARM)
    monkeypatch.setenv("HARM", "crash")


def as_a_stranger_s(run: Path) -> None:
    """The folder as it would be, had another installation made it."""
    path = run / "manifest.json"
    document = json.loads(path.read_text())
    for record in document["stages"].values():
        record["signature"] = "0" * 64
    path.write_text(json.dumps(document))


def opened(started: list[list[str]]) -> list[list[str]]:
    """Names of the files that each child opened."""
    return [[Path(path).name for path in command[7::2]] for command in started]


@pytest.mark.usefixtures("deadly")
def test_a_crash_is_one_line_and_exit_code_2(spikeport: Command, tmp_path: Path) -> None:
    """Of inspect and of simulate, for the network as for its inputs."""
    write_nir(conv_network(channels=(2, 3)), tmp_path / "a.nir")
    write_netx(chain(1).graph(), tmp_path / "a.net")
    np.savez(tmp_path / "a.npz", inputs=np.zeros((1, 4, 2, 4, 3), dtype=np.uint8))
    for arguments in (
        ("inspect", tmp_path / "a.nir"),
        ("inspect", tmp_path / "a.npz"),
        ("simulate", tmp_path / "a.net", "--inputs", tmp_path / "a.npz"),
    ):
        outcome = spikeport(*arguments)
        assert outcome.code == 2
        line, *others = outcome.err.splitlines()
        assert line.startswith(f"spikeport: error: {arguments[1]}: reading it crashed (SIGSEGV)")
        assert not others


def test_a_stranger_s_network_still_runs(spikeport: Command, tmp_path: Path) -> None:
    """What the child could read is simulated as before."""
    write_netx(chain(1).graph(), tmp_path / "a.net")
    np.savez(tmp_path / "a.npz", inputs=np.ones((1, 4, 2, 4, 3), dtype=np.uint8))
    outcome = spikeport("simulate", tmp_path / "a.net", "--inputs", tmp_path / "a.npz")
    assert outcome.code == 0, outcome.err
    assert "trace of 1 samples" in outcome.out


@pytest.mark.usefixtures("deadly")
def test_own_runs_start_no_child(
    spikeport: Command, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest vouches for every file of a run that this installation made."""
    started = children(monkeypatch)
    for name in ("model.nir", "model.onnx", "chip.net", "samples.npz", "trace.npz"):
        assert spikeport("inspect", digits_run / name).code == 0
    assert spikeport("simulate", digits_run, "--limit", 2).code == 0
    assert spikeport("report", digits_run).code == 0
    assert not started


def test_a_stranger_s_run_is_opened_in_one_child_per_command(
    spikeport: Command, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files that the command reads, and none again in the same process."""
    as_a_stranger_s(digits_run)
    started = children(monkeypatch)
    assert spikeport("simulate", digits_run, "--limit", 2).code == 0
    assert spikeport("report", digits_run).code == 0
    assert opened(started) == [["chip.net", "samples.npz"], ["diagnostics.npz"]]


@pytest.mark.usefixtures("deadly")
@pytest.mark.parametrize(
    ("command", "first"),
    [("simulate", "chip.net"), ("report", "trace.npz"), ("verify", "model.nir")],
)
def test_a_stranger_s_run_that_crashes_a_library(
    command: str, first: str, spikeport: Command, digits_run: Path
) -> None:
    """One line about the file, before anything is computed or written."""
    as_a_stranger_s(digits_run)
    before = {path: path.stat().st_mtime_ns for path in digits_run.iterdir()}
    outcome = spikeport(command, digits_run)
    assert outcome.code == 2
    assert f"{digits_run / first}: reading it crashed (SIGSEGV)" in outcome.err
    assert {path: path.stat().st_mtime_ns for path in digits_run.iterdir()} == before


def test_a_changed_file_of_an_own_run_is_a_stranger_s(
    spikeport: Command, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changed it."""
    with (digits_run / "model.nir").open("ab") as file:
        file.write(b"\0")
    started = children(monkeypatch)
    spikeport("inspect", digits_run / "model.nir")
    assert opened(started) == [["model.nir"]]
