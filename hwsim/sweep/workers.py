"""Which workers of a sweep are alive, and turns between them, by locks on bytes of one file.

The kernel lets go of a process's locks when it ends, however it ends, so that a killed worker's
trial is known to be dead at once and without a clock. The locks are POSIX record locks: children
that a worker forks don't inherit them. Byte 0 is held by whom it is to claim or finish a trial;
each worker holds one of the bytes behind it while it lives.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from hwsim.errors import SweepError
from trainers.atomic_file import cannot_write

MAX_WORKERS = 1024


class Workers:
    """This process among the workers of one sweep; hold one at a time for a file.

    Args:
        path: the file; made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.own: int | None = None
        """This worker's byte; None before `enter`."""

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """No other worker claims or finishes anything while the block lasts."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 0)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)

    def enter(self) -> int:
        """Takes a free byte; call it in a turn.

        Raises:
            SweepError: there are MAX_WORKERS already.
        """
        for byte in range(1, MAX_WORKERS + 1):
            if self._take(byte):
                self.own = byte
                return byte
        raise SweepError(
            f"{self._path}: {MAX_WORKERS} workers share this sweep, no more can. Start fewer."
        )

    def alive(self, byte: int) -> bool:
        """Whether a worker holds the byte; call it in a turn, in which nobody else tries."""
        if byte == self.own:
            return True
        if not self._take(byte):
            return True
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)
        return False

    def others(self) -> list[int]:
        """Bytes of the other workers that are alive; call it in a turn."""
        candidates = range(1, MAX_WORKERS + 1)
        return [byte for byte in candidates if byte != self.own and self.alive(byte)]

    def _take(self, byte: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True
