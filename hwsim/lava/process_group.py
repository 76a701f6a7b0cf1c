"""Programs that fork many children, each started, watched and ended as one group.

Lava's run is one parent and about a dozen children that share memory. Killing the parent alone
orphans the others; SIGTERM to the whole group ends all and lets Python's resource tracker, which
outlives it, remove the shared memory. SIGKILL is the last resort: it leaves `psm_*` segments in
/dev/shm, so these are removed by name.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 10.0
"""How long a group may take to end after SIGTERM before it gets SIGKILL."""

TERMINATED = 128 + signal.SIGTERM
"""This process's exit status when SIGTERM ended it."""

_POLL_S = 0.02
_PROC = Path("/proc")
_SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Program:
    """What a group runs.

    Args:
        command: program and arguments.
        output: file that gets stdout and stderr.
    """

    command: Sequence[str | Path]
    output: Path


def run_groups(
    programs: Sequence[Program],
    *,
    environment: Mapping[str, str],
    timeout_s: float,
    grace_s: float = GRACE_S,
    on_poll: Callable[[], None] = lambda: None,
) -> list[int | None]:
    """Runs programs side by side, each in a session of its own, and ends whatever is left.

    They end together: when one fails, the others are ended too. So they are on a time-out, an
    interrupt and SIGTERM.

    Args:
        programs: at least one.
        environment: the programs' whole environment.
        timeout_s: longest time they may take.
        grace_s: time between SIGTERM and SIGKILL.
        on_poll: called again and again while they run.

    Returns:
        Exit statuses; None for a program that was ended because another one failed.

    Raises:
        subprocess.TimeoutExpired: it took longer; all groups have been ended.
    """
    processes: list[subprocess.Popen[bytes]] = []
    with _sigterm_raises():
        try:
            # Should one not start, those before it are in the list and will be ended.
            processes.extend(_start(program, environment) for program in programs)
            return _wait(processes, timeout_s, on_poll)
        finally:
            with _undisturbed():
                _end_groups(processes, grace_s)


def _start(program: Program, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with program.output.open("wb") as sink:
        return subprocess.Popen(
            [str(part) for part in program.command],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            env=environment, start_new_session=True,
        )  # fmt: skip


def _wait(
    processes: Sequence["subprocess.Popen[bytes]"], timeout_s: float, on_poll: Callable[[], None]
) -> list[int | None]:
    deadline = time.monotonic() + timeout_s
    while True:
        statuses = [process.poll() for process in processes]
        on_poll()
        if None not in statuses or any(statuses):
            return statuses
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(processes[0].args, timeout_s)
        time.sleep(_POLL_S)


def _end_groups(processes: Sequence["subprocess.Popen[bytes]"], grace_s: float) -> None:
    """SIGTERM to the groups that the processes lead, then SIGKILL to what is still there."""
    groups = [process.pid for process in processes]
    members = [member for group in groups for member in living_members(group)]
    segments = {name for member in members for name in _shared_segments(member)}
    for number in (signal.SIGTERM, signal.SIGKILL):
        living = [group for group in groups if living_members(group)]
        for group in living:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, number)
        _wait_until_gone(processes, grace_s)
    for name in segments:
        (_SHARED_MEMORY / name).unlink(missing_ok=True)


def living_members(group: int) -> list[int]:
    """Ids of the group's processes, zombies left out; without /proc the leader's id stands in."""
    if not (_PROC / "self" / "stat").exists():
        return [group] if _answers(group) else []
    return [int(entry.name) for entry in _PROC.iterdir() if _lives_in(entry, group)]


def _lives_in(entry: Path, group: int) -> bool:
    if not entry.name.isdigit():
        return False
    try:
        # The command's name, in brackets, may hold blanks; state, parent and group follow it.
        state, _, member_of = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False
    return int(member_of) == group and state != "Z"


def _answers(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _shared_segments(member: int) -> set[str]:
    """Names of Python's shared memory that a process has mapped."""
    try:
        lines = (_PROC / str(member) / "maps").read_text().splitlines()
    except OSError:
        return set()
    paths = [line.split(maxsplit=5)[5] for line in lines if f"{_SHARED_MEMORY}/psm_" in line]
    return {Path(path).name for path in paths if not path.endswith("(deleted)")}


def _wait_until_gone(processes: Sequence["subprocess.Popen[bytes]"], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while any(living_members(p.pid) for p in processes) and time.monotonic() < deadline:
        _reap(processes)
        time.sleep(_POLL_S)
    _reap(processes)


def _reap(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.poll()


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """SIGTERM would end this process at once and leave the groups behind."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(TERMINATED)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C or SIGTERM must not stop the clearing up."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
