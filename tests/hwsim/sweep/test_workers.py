"""Locks that say who is alive."""

import os
import signal
from pathlib import Path

import pytest

from hwsim.errors import SweepError
from hwsim.sweep import workers as module
from hwsim.sweep.workers import Workers
from trainers.errors import FileError


def forked(path: Path) -> int:
    """A worker that has entered and waits; its process id."""
    told, tell = os.pipe()
    process = os.fork()
    if process == 0:
        with Workers(path) as workers:
            with workers.turn():
                workers.enter()
            os.write(tell, b"!")
            signal.pause()
    os.read(told, 1)
    os.close(told)
    os.close(tell)
    return process


def test_each_worker_has_a_byte_until_it_ends(tmp_path: Path) -> None:
    """A killed one's is free at once, and the next to come takes it."""
    path = tmp_path / "sweep" / "workers.lock"
    first = forked(path)
    with Workers(path) as workers, workers.turn():
        assert workers.enter() == 2
        assert workers.alive(1)
        assert workers.alive(2)
        assert not workers.alive(3)
        assert workers.others() == [1]
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        assert not workers.alive(1)
        assert workers.others() == []


def test_a_child_that_a_worker_forks_does_not_keep_it_alive(tmp_path: Path) -> None:
    """Loaders of training data outlive a killed parent for a moment."""
    path = tmp_path / "workers.lock"
    told, tell = os.pipe()
    worker = os.fork()
    if worker == 0:
        with Workers(path) as workers:
            with workers.turn():
                workers.enter()
            child = os.fork()
            if child == 0:
                signal.pause()
            os.write(tell, b"%d\n" % child)
            signal.pause()
    child = int(os.read(told, 20))
    try:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        with Workers(path) as workers, workers.turn():
            assert not workers.alive(1)
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(told)
        os.close(tell)


def test_there_are_only_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next worker is refused in one line."""
    monkeypatch.setattr(module, "MAX_WORKERS", 1)
    first = forked(tmp_path / "workers.lock")
    try:
        with (
            Workers(tmp_path / "workers.lock") as workers,
            workers.turn(),
            pytest.raises(SweepError, match=r"1 workers share this sweep, no more can\."),
        ):
            workers.enter()
    finally:
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"file/workers\.lock: can't be written"):
        Workers(tmp_path / "file" / "workers.lock").__enter__()
