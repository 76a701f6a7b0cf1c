"""However a run of Lava ends: one line, and no process, shared memory or temporary file is left."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import IntArray
from export.chip.netx_write import write_netx
from hwsim.errors import LavaError
from hwsim.lava.runner import run_lava
from tests.random_chip_graphs import Chain, integers

PROCESSES = 8
"""Of a worker on the small file: itself, two of Lava's own, three of neurons, two of synapses."""

RUN_LONG = (
    "import sys, numpy, pathlib; from hwsim.lava.runner import run_lava; "
    "run_lava(pathlib.Path(sys.argv[1]), numpy.ones((1, 8), int), reset='none', steps=10**6)"
)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A small bias-driven file."""
    chain = Chain(1, "bias", (8,)).biased_input(threshold=900)
    chain.dense(6, threshold=150).dense(4, threshold=100)
    write_netx(chain.graph(), tmp_path / "chip.net")
    return tmp_path / "chip.net"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the runs' temporary folders lie; Lava's children name it in their commands."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def biases(samples: int) -> IntArray:
    """For the small file."""
    return integers(np.random.default_rng(2).integers(-600, 2400, (samples, 8)))


def running(folder: Path) -> list[int]:
    """Processes whose command names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def started_at(process: int) -> tuple[int, int]:
    """Clock ticks since boot, then the number: numbers alone start over at pid_max."""
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
    return int(stat.split()[19]), process


def shared_memory(processes: list[int]) -> set[Path]:
    """Segments in /dev/shm that these processes have mapped."""
    lines: list[str] = []
    for process in processes:
        try:
            lines += Path(f"/proc/{process}/maps").read_text().splitlines()
        except OSError:
            continue
    return {Path(line.split(maxsplit=5)[5]) for line in lines if "/dev/shm/psm_" in line}


def at_work(folder: Path, workers: int = 1) -> bool:
    """Whether all of Lava's processes have started and share memory."""
    processes = running(folder)
    return len(processes) >= PROCESSES * workers and len(shared_memory(processes)) > PROCESSES


def comes_true(condition: Callable[[], bool], patience_s: float = 120.0) -> bool:
    """Whether something happens before patience ends."""
    deadline = time.monotonic() + patience_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def assert_nothing_is_left(folder: Path, segments: set[Path]) -> None:
    """No process, no shared memory, no file."""
    assert running(folder) == []
    assert segments
    assert [segment for segment in segments if segment.exists()] == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("worker", r"chip\.net: Lava was killed by SIGKILL \(out of memory\?\)\. Run it again"),
        ("child", r"chip\.net: Lava can't run it \(a Lava process ended early, exit status -9\)"),
    ],
)
def test_killed_process_is_noticed(net: Path, temporary: Path, which: str, message: str) -> None:
    """kill -9 of Lava's parent or of one of its children, while another worker goes on."""
    segments: set[Path] = set()

    def kill_once_it_runs() -> None:
        comes_true(lambda: at_work(temporary, workers=2))
        segments.update(shared_memory(running(temporary)))
        # A worker leads its group; its youngest child is one of Lava's processes.
        worker = next(pid for pid in running(temporary) if os.getpgid(pid) == pid)
        members = [pid for pid in running(temporary) if os.getpgid(pid) == worker]
        youngest = max(members, key=started_at)
        os.kill(worker if which == "worker" else youngest, signal.SIGKILL)

    killer = threading.Thread(target=kill_once_it_runs, daemon=True)
    killer.start()
    with pytest.raises(LavaError, match=message) as caught:
        run_lava(net, biases(4000), reset="staggered", time_steps=50, workers=2)
    killer.join()
    assert "\n" not in str(caught.value)
    assert_nothing_is_left(temporary, segments)


def test_time_out_leaves_nothing_behind(net: Path, temporary: Path) -> None:
    """Lava's parent and all its children are gone, and so are the temporary files."""
    with pytest.raises(LavaError) as caught:
        run_lava(net, biases(4000), reset="staggered", time_steps=50, timeout_s=4.0, workers=1)
    assert str(caught.value) == (
        f"{net}: Lava took longer than 4 s and was ended. Use fewer samples or a longer time-out."
    )
    assert running(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ended_parent_leaves_nothing_running(net: Path, temporary: Path, number: int) -> None:
    """A killed parent can't end its Lava: the worker notices and does. Other signals it passes."""
    parent = subprocess.Popen(
        [sys.executable, "-c", RUN_LONG, net],
        env=os.environ | {"TMPDIR": str(temporary)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert comes_true(lambda: at_work(temporary))
    segments = shared_memory(running(temporary))
    parent.send_signal(number)
    assert parent.wait(30) != 0
    assert comes_true(lambda: running(temporary) == [])
    assert comes_true(lambda: not any(segment.exists() for segment in segments))
    assert_nothing_is_left(temporary, segments)
