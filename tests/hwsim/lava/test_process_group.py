"""Programs that fork: whatever happens, nothing of them is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import shared_memory
from pathlib import Path

import pytest

from hwsim.lava.process_group import living_members, run_group

FORKING = """
import os, pathlib, signal, sys, time
from multiprocessing import resource_tracker, shared_memory

stubborn = sys.argv[2] == "stubborn"
for _ in range(3):
    if os.fork() == 0:
        if stubborn:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
        os._exit(0)
memory = shared_memory.SharedMemory(create=True, size=4096)
if stubborn:
    resource_tracker.unregister(memory._name, "shared_memory")
told = pathlib.Path(sys.argv[1])
told.with_suffix(".partial").write_text(f"{os.getpid()} {memory.name}")
told.with_suffix(".partial").rename(told)
if sys.argv[2] == "leaves":
    os._exit(7)
time.sleep(60)
"""


def run_forking(folder: Path, manner: str, timeout_s: float = 3.0) -> int:
    """Starts a program with three children and a shared memory segment."""
    return run_group(
        [sys.executable, "-c", FORKING, folder / "told", manner],
        output=folder / "output",
        environment=os.environ,
        timeout_s=timeout_s,
        grace_s=1.0,
    )


def assert_nothing_is_left(folder: Path) -> None:
    """No process of the group and no shared memory segment."""
    group, name = (folder / "told").read_text().split()
    assert living_members(int(group)) == []
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name=name)


@pytest.mark.parametrize("manner", ["obedient", "stubborn"])
def test_time_out_ends_the_whole_group(tmp_path: Path, manner: str) -> None:
    """Children end too, those that ignore SIGTERM included, and so does the shared memory."""
    with pytest.raises(subprocess.TimeoutExpired):
        run_forking(tmp_path, manner)
    assert_nothing_is_left(tmp_path)


def test_interrupt_ends_the_whole_group(tmp_path: Path) -> None:
    """Ctrl-C doesn't reach the program's own session, so it's passed on."""

    def interrupt_once_it_runs() -> None:
        while not (tmp_path / "told").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_once_it_runs, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_forking(tmp_path, "obedient", timeout_s=30.0)
    assert_nothing_is_left(tmp_path)


def test_children_of_a_program_that_died_end_too(tmp_path: Path) -> None:
    """A parent that dies early leaves no orphans, and its exit status is known."""
    assert run_forking(tmp_path, "leaves", timeout_s=30.0) == 7
    assert_nothing_is_left(tmp_path)


def test_output_goes_to_the_file(tmp_path: Path) -> None:
    """Both streams, in order of writing."""
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    status = run_group(
        [sys.executable, "-c", script], output=tmp_path / "output", environment=os.environ,
        timeout_s=30.0,
    )  # fmt: skip
    assert status == 0
    assert (tmp_path / "output").read_text() == "out\nerr\n"
