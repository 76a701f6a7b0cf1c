"""Running a network in Lava to its end, failure or interruption, and telling how far it is."""

import contextlib
import errno
import functools
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

POLL_S = 0.01
FULL_DISK = 28
"""Exit status of a worker that could write neither its results nor why."""

BUS_ERROR = -signal.SIGBUS
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ChildFailure(Exception):
    """The traceback of one of Lava's child processes."""


def run_network(process: Any, steps: int, on_poll: Callable[[], None]) -> None:
    """Compiles what is connected to `process`, runs `steps` steps and stops."""
    conditions = importlib.import_module("lava.magma.core.run_conditions")
    configs = importlib.import_module("lava.magma.core.run_configs")
    process.create_runtime(run_cfg=configs.Loihi2SimCfg(select_tag="fixed_pt"))
    process.run(condition=conditions.RunSteps(num_steps=steps, blocking=False))
    _wait_or_fail(process.runtime, on_poll)
    process.wait()
    process.stop()


def _wait_or_fail(runtime: Any, on_poll: Callable[[], None]) -> None:
    """Waits for the end of a run; Lava itself would wait for ever once a child has failed.

    The other children then wait for its messages. Its traceback lies where nothing prints it.
    """
    actors = runtime._messaging_infrastructure.actors
    while not any(port.probe() for port in runtime.service_to_runtime):
        on_poll()
        for actor in actors:
            # Asked for first, since a failing child sends its exception before it ends.
            exit_status = actor.exitcode
            if actor.exception:
                raise ChildFailure(actor.exception[1])
            if exit_status is not None:
                raise ChildFailure(_early_end(exit_status))
        time.sleep(POLL_S)
    on_poll()


def _early_end(exit_status: int) -> str:
    reason = "; is /dev/shm full?" if exit_status == BUS_ERROR else ""
    return f"a Lava process ended early, exit status {exit_status}{reason}"


class Progress:
    """A file that grows by one byte per finished sample."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("ab", buffering=0)
        self.told = 0

    def of_next_job(self) -> None:
        """Counts samples from 0 again."""
        self.told = 0

    def tell(self, finished: int) -> None:
        """Samples of this job that are finished by now."""
        if finished > self.told:
            self.file.write(b"." * (finished - self.told))
            self.told = finished


def tell_failures(folder: Path) -> None:
    """Whatever stops this process from now on is told to its parent."""
    sys.excepthook = functools.partial(_tell_failure, folder)


def _tell_failure(
    folder: Path, kind: type[BaseException], error: BaseException, trace: object
) -> NoReturn:
    if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
        leave(FULL_DISK)
    hidden = str(error) if isinstance(error, ChildFailure) else ""
    text = hidden or "".join(traceback.format_exception(error))
    try:
        (folder / "failure.txt").write_text(text)
    except OSError:
        leave(FULL_DISK)
    leave(1)


def end_with_parent(folder: Path) -> None:
    """Looks every second whether the parent still lives: no one else would end this group."""
    parent = os.getppid()

    def look(signum: int, frame: object) -> None:
        if os.getppid() != parent:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                # Succeeds for the last of several workers.
                folder.parent.rmdir()
            os.killpg(os.getpid(), signal.SIGTERM)

    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)


def open_many_files() -> None:
    """Every channel between Lava's processes is a file in each of them; 1024 are soon too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_sockets_in(folder: Path) -> None:
    """Sockets of shared memory go to this folder, which the parent removes, and not to TMPDIR.

    By a relative name: a socket's path must be shorter than 108 bytes, a folder's needn't be.
    """
    os.chdir(folder)
    vars(multiprocessing.current_process())["_config"]["tempdir"] = "."


def leave(status: int) -> NoReturn:
    """Ends this process only.

    An ordinary exit would wait for ever for the children that a failed one left waiting; whoever
    started this group ends them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
