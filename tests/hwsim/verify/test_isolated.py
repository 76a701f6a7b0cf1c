"""An importer in a process of its own answers like one in ours, and fails in one line."""

import ast
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hwsim.errors import NotInstalled, RuntimeRefused
from hwsim.verify import RUNTIMES, Runtime, Subject, importers, verify_graph
from hwsim.verify.arithmetic import FLOAT64
from hwsim.verify.isolated import Isolated, in_own_process
from tests.frozen_networks import conv_network, images
from tests.other_networks import odd_network

THIS = Path(sys.executable)


@pytest.fixture
def norse() -> Iterator[Isolated]:
    """Norse on the convolutional network, under this interpreter."""
    runtime = in_own_process("norse", THIS)(Subject(conv_network()))
    assert isinstance(runtime, Isolated)
    yield runtime
    runtime.close()


def test_both_ways_alike(norse: Isolated) -> None:
    """Spikes, logits and membranes of two batches are equal, bit for bit."""
    ask = RUNTIMES["norse"].open(Subject(conv_network()))
    assert ask is not None
    for inputs in (images(5), images(3, size=8)[::-1]):
        here, there = ask(inputs), norse(inputs)
        np.testing.assert_array_equal(here.logits, there.logits)
        assert list(here.spikes) == list(there.spikes)
        for name, spikes in here.spikes.items():
            assert there.spikes[name].dtype == bool
            np.testing.assert_array_equal(spikes, there.spikes[name])
        assert here.membranes is not None
        assert there.membranes is not None
        ours, theirs = here.membranes(2), there.membranes(2)
        for name, membranes in ours.items():
            np.testing.assert_array_equal(membranes, theirs[name])
        assert here.after_reset == there.after_reset


def test_nothing_is_left_behind(norse: Isolated) -> None:
    """Closing ends the process and removes its folder; asking then is refused."""
    process, folder = norse._process, norse._folder
    assert process is not None
    norse.close()
    assert process.poll() is not None
    assert not folder.exists()
    with pytest.raises(RuntimeRefused, match="its process has ended"):
        norse(images(2))


def script(path: Path, *lines: str) -> Path:
    """An interpreter that isn't one."""
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def opened(python: Path, timeout_s: float = 60.0) -> None:
    in_own_process("norse", python, timeout_s=timeout_s)(Subject(conv_network()))


def test_a_crash(tmp_path: Path) -> None:
    """The signal is named."""
    with pytest.raises(RuntimeRefused, match=r"Norse can't take .*killed by SIGSEGV"):
        opened(script(tmp_path / "python", "kill -SEGV $$"))


def test_an_early_end(tmp_path: Path) -> None:
    """The last line it printed is told."""
    with pytest.raises(RuntimeRefused, match=r"its process ended: no such option"):
        opened(script(tmp_path / "python", "echo usage >&2", "echo no such option >&2", "exit 2"))


def test_a_time_out(tmp_path: Path) -> None:
    """A process that says nothing is ended."""
    with pytest.raises(RuntimeRefused, match=r"took longer than 0.2 s"):
        opened(script(tmp_path / "python", "sleep 60"), timeout_s=0.2)


def test_no_interpreter(tmp_path: Path) -> None:
    """One that isn't there is a tool that isn't installed."""
    with pytest.raises(NotInstalled, match=r"python can't be started \(No such file"):
        opened(tmp_path / "python")


def test_an_interpreter_without_the_tool(tmp_path: Path) -> None:
    """What is missing is named, and that it is missing there."""
    bare = script(tmp_path / "python", f'exec "{sys.executable}" -S "$@"')
    with pytest.raises(NotInstalled, match=r"No module named '\w+', says the interpreter named"):
        opened(bare)


def test_a_row_of_a_crash(tmp_path: Path) -> None:
    """In the table a crash is `different` with its reason, and the other runtimes go on."""
    broken = Runtime(
        "float64",
        FLOAT64,
        in_own_process("norse", script(tmp_path / "python", "kill -ABRT $$")),
    )
    rows = verify_graph(
        conv_network(),
        images(3),
        np.zeros(3, np.int64),
        runtimes={"norse": broken, "nir_executor": RUNTIMES["nir_executor"]},
    )
    assert [row.verdict for row in rows] == ["different", "identical"]
    assert "killed by SIGABRT" in rows[0].note


def test_a_refusal_reads_the_same() -> None:
    """What the tool says about a network it can't take comes through."""
    notes = []
    for runtime in (RUNTIMES["snntorch"].open, in_own_process("snntorch", THIS)):
        with pytest.raises(RuntimeRefused) as refusal:
            runtime(Subject(odd_network()))
        notes.append(str(refusal.value))
    assert notes[0] == notes[1]


def test_importers_stand_alone() -> None:
    """They import the standard library, numpy, nir, torch, the tools and each other, no more."""
    folder = Path(importers.__file__).parent
    allowed = set(sys.stdlib_module_names) | {
        "numpy", "nir", "torch", "norse", "snntorch", "spikingjelly", "sinabs",
    }  # fmt: skip
    for path in sorted([*folder.glob("*.py"), folder.parent / "worker.py"]):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                own = name.startswith("hwsim.verify.importers")
                assert own or name.partition(".")[0] in allowed, f"{path.name} imports {name}"
