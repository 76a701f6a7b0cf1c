"""Further workers of a sweep: the same command again, in processes that end with this one."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

ENDED_WITH_PARENT = 0
STDIN = 0


@contextmanager
def crew(
    number: int, arguments: Sequence[str], say: Callable[[str], None]
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Runs `python -m hwsim.cli ARGUMENTS` in so many processes while the block lasts.

    Each has a pipe from this process that closes when this process ends, however it ends, and a
    session of its own, so that Ctrl-C reaches this process alone. What they compute is stored
    point by point, so that they may be ended at any time.
    """
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.extend(_started(arguments) for _ in range(number))
        yield processes
        failed = [process.pid for process in processes if process.poll()]
        if failed:
            say(
                f"{len(failed)} of {number} further workers failed (see above); the others "
                "computed their points"
            )
    finally:
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in processes:
            process.wait()


def end_with_parent() -> None:
    """In a started worker: ends it as soon as its pipe closes, whatever it is doing."""

    def watch() -> None:
        # Not through sys.stdin, whose lock Python wants for itself when it ends.
        while os.read(STDIN, 1):
            pass
        os._exit(ENDED_WITH_PARENT)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


@contextmanager
def shared_cores(workers: int) -> Iterator[None]:
    """Leaves each of so many workers on this machine its part of torch's threads, meanwhile."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before // workers))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _started(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "hwsim.cli", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
