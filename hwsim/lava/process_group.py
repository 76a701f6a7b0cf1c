"""A program that forks many children, started, watched and ended as one group.

Lava's run is one parent and about a dozen children that share memory. Killing the parent alone
orphans the others; SIGTERM to the whole group ends all and lets Python's resource tracker, which
outlives it, remove the shared memory. SIGKILL is the last resort: it leaves `psm_*` segments in
/dev/shm, so these are removed by name.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_S = 10.0
"""How long a group may take to end after SIGTERM before it gets SIGKILL."""

_POLL_S = 0.02
_PROC = Path("/proc")
_SHARED_MEMORY = Path("/dev/shm")


def run_group(
    command: Sequence[str | Path],
    *,
    output: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    grace_s: float = GRACE_S,
) -> int:
    """Runs a program in a session of its own and ends whatever is left of it afterwards.

    Args:
        command: program and arguments.
        output: file that gets stdout and stderr.
        environment: the program's whole environment.
        timeout_s: longest time it may take.
        grace_s: time between SIGTERM and SIGKILL.

    Returns:
        The program's exit status.

    Raises:
        subprocess.TimeoutExpired: it took longer; the whole group has been ended.
    """
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            env=environment, start_new_session=True,
        )  # fmt: skip
    try:
        return process.wait(timeout_s)
    finally:
        end_group(process, grace_s)


def end_group(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """SIGTERM to the group that `process` leads, then SIGKILL to what is still there."""
    group = process.pid
    members = living_members(group)
    segments = {name for member in members for name in _shared_segments(member)}
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, grace_s)):
        if not living_members(group):
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        _wait_until_gone(process, patience_s)
    process.poll()
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


def _wait_until_gone(process: subprocess.Popen[bytes], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while living_members(process.pid) and time.monotonic() < deadline:
        process.poll()
        time.sleep(_POLL_S)
