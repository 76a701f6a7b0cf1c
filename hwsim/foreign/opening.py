"""Opens files from elsewhere in a child process first.

The libraries that read them (HDF5, protobuf, zlib) are written in C. A damaged or hostile file can
crash them, never end, or take all memory; in a child with limits that is one line. What this
installation made itself (`hwsim.foreign.vouching`) and what this process had opened before isn't
opened so again. The parent then reads the file with the same reader.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import hwsim
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from hwsim.foreign.child import OUT_OF_MEMORY
from hwsim.foreign.limits import GIB, MEMORY_VARIABLE, TIME_VARIABLE, Limits, limits_for
from hwsim.foreign.readers import kind_of
from hwsim.foreign.vouching import is_vouched_for
from trainers.errors import ConfigError, DataError, FileError, SpikeportError

CHILD = "hwsim.foreign.child"

Opening = tuple[Path, str]
"""A file and its kind, a key of `hwsim.foreign.readers.READERS`."""

REFUSALS = (FileError, DataError, ConfigError, InvalidGraph, LimitExceeded, UnsupportedLayer)
"""What readers refuse files with; the child only names them."""

_opened: set[tuple[int, ...]] = set()
"""Files that a child of this process could read, as they were then."""


def opened_safely(path: str | Path, kind: str | None = None) -> Path:
    """Has the file read in a child process, unless this installation vouches for it.

    Args:
        path: the file; one that doesn't exist is left to its reader to refuse.
        kind: a key of `hwsim.foreign.readers.READERS`; by default as the file's name says.

    Returns:
        the path, to be read now.

    Raises:
        FileError: reading it crashed, took more memory or time than it may, or the file is damaged.
        SpikeportError: whatever else its reader refuses it with.
    """
    path = Path(path)
    all_opened_safely([(path, kind or kind_of(path))])
    return path


def all_opened_safely(openings: Iterable[Opening]) -> None:
    """Has several files read in one child process; see `opened_safely`."""
    strange = [opening for opening in openings if opening[0].is_file() and not _is_known(*opening)]
    if not strange:
        return
    limits = limits_for(path for path, _ in strange)
    before = [_state(*opening) for opening in strange]
    answers, ending = _asked_of_child(strange, limits)
    for (path, _), answer in zip(strange, answers, strict=False):
        if answer:
            raise _refusal(path, answer, limits)
    if len(answers) < len(strange):
        raise _failure(strange[len(answers)][0], ending, limits)
    _opened.update(before)


def _is_known(path: Path, kind: str) -> bool:
    return _state(path, kind) in _opened or is_vouched_for(path)


def _state(path: Path, kind: str) -> tuple[int, ...]:
    found = path.stat()
    return (hash(kind), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _asked_of_child(
    openings: Sequence[Opening], limits: Limits
) -> tuple[list[dict[str, str]], str]:
    """Its answers, and how it ended where one is missing."""
    # Not the working directory: a stranger's numpy.py may lie beside the file.
    command = [sys.executable, "-P", "-m", CHILD, str(limits.memory_bytes), str(limits.computing_s)]
    for path, kind in openings:
        command += [kind, str(path)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
            env=_environment(), timeout=limits.waiting_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return _answers(error.stdout or b""), f"took more than {limits.waiting_s} s"
    return _answers(done.stdout), _ending(done, limits)


def _environment() -> dict[str, str]:
    """This process's, with this very package and without idle threads of linear algebra."""
    home = str(Path(hwsim.__file__).parents[1])
    further = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": f"{home}{os.pathsep}{further}" if further else home,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _answers(output: bytes) -> list[dict[str, str]]:
    # A line that was cut short when the child died is no answer.
    return [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")]


def _ending(done: "subprocess.CompletedProcess[bytes]", limits: Limits) -> str:
    if done.returncode == -signal.SIGXCPU:
        return f"took more than {limits.computing_s} s of computing"
    if done.returncode == -signal.SIGKILL:
        return "was killed, as the system does when memory runs out"
    if done.returncode < 0:
        return f"crashed ({signal.Signals(-done.returncode).name})"
    lines = done.stderr.decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
    return f"failed ({said[:160]})"


def _refusal(path: Path, answer: dict[str, str], limits: Limits) -> SpikeportError:
    if answer["error"] == OUT_OF_MEMORY:
        return _failure(path, "took more memory than it may", limits)
    kinds: dict[str, type[SpikeportError]] = {kind.__name__: kind for kind in REFUSALS}
    return kinds.get(answer["error"], FileError)(answer["text"])


def _failure(path: Path, ending: str, limits: Limits) -> FileError:
    return FileError(
        f"{path}: reading it {ending}, in a process of its own with at most "
        f"{limits.memory_bytes / GIB:.3g} GiB and {limits.computing_s} s. Don't trust this file; "
        f"if you do, raise {MEMORY_VARIABLE} or {TIME_VARIABLE}."
    )
