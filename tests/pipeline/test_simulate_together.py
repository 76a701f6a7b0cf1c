"""Simulating in several processes: the files of one, one voice, one line for any failure."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.chip.netx_write import write_netx
from tests.conftest import Command
from tests.small_chip_graphs import chain, spikes
from tests.started_ranks import Ended, simulate_in, start_ranks

INPUTS = spikes(4, 9, 6, 2, 4, 3).astype(np.uint8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A chip file; its inputs lie beside it."""
    write_netx(chain(3).readout(3).graph(6), tmp_path / "own.net")
    np.savez(tmp_path / "in.npz", inputs=INPUTS)
    return tmp_path / "own.net"


def arguments(file: Path, output: str) -> tuple[object, ...]:
    """Everything written: counts of all samples, probes of some."""
    inputs, folder = file.with_name("in.npz"), file.with_name(output)
    return (file, "--inputs", inputs, "--probe", "all", "--samples", "2:8", "-o", folder)


def same_files(left: Path, right: Path) -> None:
    """Byte for byte."""
    assert {path.name for path in left.iterdir()} == {"trace.npz", "probes.npz"}
    assert {path.name for path in right.iterdir()} == {"trace.npz", "probes.npz"}
    for path in left.iterdir():
        assert path.read_bytes() == (right / path.name).read_bytes()


@pytest.mark.slow
def test_torchrun_leaves_the_files_of_one_process(spikeport: Command, file: Path) -> None:
    """As the README says it is started; one process prints, and what one alone would."""
    alone = spikeport("simulate", *arguments(file, "alone"))
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    done = subprocess.run(
        [*launcher, "--nproc-per-node", "2", "-m", "hwsim.cli", "simulate",
         *map(str, arguments(file, "together"))],
        capture_output=True, text=True, check=False, timeout=300,
        cwd=Path(__file__).parents[2], env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == alone.out.replace("/alone/", "/together/")
    same_files(file.with_name("alone"), file.with_name("together"))


@pytest.mark.slow
@pytest.mark.parametrize("limited", [(), ("--limit", 2, "--samples", "1:2")])
def test_unequal_shares(spikeport: Command, file: Path, limited: tuple[object, ...]) -> None:
    """9 samples among 4 processes, and 2: more processes than samples."""
    assert spikeport("simulate", *arguments(file, "alone"), *limited).code == 0
    ended = simulate_in(4, file.parent, *arguments(file, "together"), *limited)
    assert [(end.code, end.err) for end in ended] == [(0, "")] * 4
    assert all(end.out == "" for end in ended[1:])
    same_files(file.with_name("alone"), file.with_name("together"))


def one_line(ended: list[Ended], message: str) -> None:
    """All ended with 2, and only the first said something."""
    assert [end.code for end in ended] == [2] * len(ended), ended
    assert all(end.out == end.err == "" for end in ended[1:])
    (line,) = ended[0].err.splitlines()
    assert line.startswith("spikeport: error: ")
    assert message in line


@pytest.mark.slow
def test_an_error_in_one_process_ends_all(file: Path) -> None:
    """The other one's line is told by the first, and nothing is written."""
    wrong = INPUTS.copy()
    wrong[7, 0, 0, 0, 0] = 9
    np.savez(file.with_name("in.npz"), inputs=wrong)
    ended = simulate_in(2, file.parent, *arguments(file, "together"))
    one_line(ended, "process 1 of 2: samples from 5 on, counted from 0: inputs: value 9")
    assert not file.with_name("together").exists()


@pytest.mark.slow
def test_an_error_in_all_is_told_once(file: Path) -> None:
    """By the first."""
    ended = simulate_in(2, file.parent, file, "--inputs", file.with_name("nosuch.npz"))
    one_line(ended, "nosuch.npz: no such file")


@pytest.mark.slow
def test_different_files_on_different_machines(file: Path) -> None:
    """Are refused before anything is simulated."""
    other = file.with_name("other.npz")
    np.savez(other, inputs=1 - INPUTS)
    first, second = (
        ["-m", "hwsim.cli", "simulate", str(file), "--inputs", str(inputs)]
        for inputs in (file.with_name("in.npz"), other)
    )
    one_line(start_ranks([first, second], file.parent), "different chip files or inputs")


DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from hwsim.cli import main
main()
"""


@pytest.mark.slow
def test_a_full_disk(file: Path) -> None:
    """Only the first process writes; the others hear of it."""
    command = ["-c", DISK, "simulate", *map(str, arguments(file, "together"))]
    one_line(start_ranks([command, command], file.parent), "probes.npz: can't be written")
    assert not list(file.with_name("together").iterdir())


KILLED = """
import os, signal, sys
from hwsim.engine import batch_run
batch_run._report = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from hwsim.cli import main
main()
"""


@pytest.mark.slow
def test_a_killed_process(file: Path) -> None:
    """Is noticed by its closed connection."""
    command = [str(part) for part in ("simulate", *arguments(file, "together"))]
    ended = start_ranks([["-m", "hwsim.cli", *command], ["-c", KILLED, *command]], file.parent)
    assert [end.code for end in ended] == [2, -9]
    (line,) = ended[0].err.splitlines()
    assert "another of the processes that simulate together ended" in line
    assert not file.with_name("together").exists()


@pytest.mark.slow
def test_a_run_folder(digits_run: Path, tmp_path: Path) -> None:
    """The stage's trace and record are those of one process; a second call skips it."""
    right = (digits_run / "trace.npz").read_bytes()
    (digits_run / "trace.npz").unlink()
    first, second = simulate_in(2, tmp_path, digits_run, "--probe", "all", "--samples", "1:4")
    assert (first.code, first.err, second) == (0, "", Ended(0, "", ""))
    assert (digits_run / "trace.npz").read_bytes() == right
    first, second = simulate_in(2, tmp_path, digits_run)
    assert (first.code, second.code) == (0, 0)
    assert first.out == "simulate  up to date, skipped\n"
    with np.load(digits_run / "probes.npz") as found:
        assert found["time"] == "window"
        assert found["samples"].tolist() == [1, 2, 3]
