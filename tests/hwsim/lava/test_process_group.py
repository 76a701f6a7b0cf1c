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

from hwsim.lava.process_group import Program, living_members, run_groups

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
if sys.argv[2] == "waits":
    while not told.with_name("told_0").exists():
        time.sleep(0.02)
    os._exit(7)
time.sleep(60)
"""


def run_forking(folder: Path, *manners: str, timeout_s: float = 3.0) -> list[int | None]:
    """Starts programs with three children and a shared memory segment each."""
    programs = [
        Program([sys.executable, "-c", FORKING, folder / f"told_{k}", manner], folder / f"out_{k}")
        for k, manner in enumerate(manners)
    ]
    return run_groups(programs, environment=os.environ, timeout_s=timeout_s, grace_s=1.0)


def assert_nothing_is_left(folder: Path, programs: int = 1) -> None:
    """No process of a group and no shared memory segment."""
    told = [path.read_text().split() for path in folder.glob("told_*")]
    assert len(told) == programs
    for group, name in told:
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
        while not (tmp_path / "told_0").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_once_it_runs, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_forking(tmp_path, "obedient", timeout_s=30.0)
    assert_nothing_is_left(tmp_path)


def test_children_of_a_program_that_died_end_too(tmp_path: Path) -> None:
    """A parent that dies early leaves no orphans, and its exit status is known."""
    assert run_forking(tmp_path, "leaves", timeout_s=30.0) == [7]
    assert_nothing_is_left(tmp_path)


def test_one_that_fails_ends_the_others(tmp_path: Path) -> None:
    """Nobody waits for a minute's sleep when the answer is known to be incomplete."""
    assert run_forking(tmp_path, "stubborn", "waits", timeout_s=30.0) == [None, 7]
    assert_nothing_is_left(tmp_path, programs=2)


def test_sigterm_ends_the_groups_too(tmp_path: Path) -> None:
    """The program that runs them ends with the signal's exit status, and takes them along."""
    script = (
        "import os, pathlib, sys; sys.path.insert(0, '.'); "
        "from tests.hwsim.lava.test_process_group import run_forking; "
        "run_forking(pathlib.Path(sys.argv[1]), 'obedient', timeout_s=60.0)"
    )
    program = subprocess.Popen([sys.executable, "-c", script, tmp_path])
    while not (tmp_path / "told_0").exists():
        time.sleep(0.02)
    program.terminate()
    assert program.wait(30) == 128 + signal.SIGTERM
    assert_nothing_is_left(tmp_path)


def test_a_program_that_is_not_there_ends_those_before_it(tmp_path: Path) -> None:
    """No half crew is left behind."""
    command = [sys.executable, "-c", FORKING, str(tmp_path / "told_0"), "obedient"]
    programs = [Program(command, tmp_path / "out"), Program([tmp_path / "nothing"], tmp_path / "o")]
    with pytest.raises(FileNotFoundError):
        run_groups(programs, environment=os.environ, timeout_s=30.0, grace_s=1.0)
    assert processes_of(tmp_path) == 0


def processes_of(folder: Path) -> int:
    """Running processes whose command names the folder."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found += str(folder).encode() in (entry / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def test_output_goes_to_the_file(tmp_path: Path) -> None:
    """Both streams, in order of writing."""
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    program = Program([sys.executable, "-c", script], tmp_path / "output")
    assert run_groups([program], environment=os.environ, timeout_s=30.0) == [0]
    assert (tmp_path / "output").read_text() == "out\nerr\n"
