"""Runs netx files and chip graphs through real Lava, in its own environment and processes."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from export.chip.graph import ChipGraph, IntArray
from hwsim.errors import LavaError
from hwsim.lava.chip_job import Reset, file_job
from hwsim.lava.crew import Crew
from hwsim.lava.environment import interpreter, require_lava
from hwsim.lava.job import LavaJob, LavaRun
from hwsim.lava.pieces import joined, shared_out
from trainers.errors import FileError

TIMEOUT_S = 600.0


def run_lava(
    net: Path,
    inputs: IntArray,
    *,
    reset: Reset,
    time_steps: int | None = None,
    steps: int | None = None,
    num_layers: int | None = None,
    input_message_bits: int = 0,
    timeout_s: float = TIMEOUT_S,
    workers: int | None = None,
    log: Path | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> LavaRun:
    """Runs one netx file; see `LavaJob` for the arguments and `LavaRun` for what comes back.

    Raises:
        LavaError: Lava isn't installed, failed on this file, or took longer than `timeout_s`.
        FileError: no space for the temporary files.
    """
    job = LavaJob(net, inputs, reset, time_steps, steps, num_layers, input_message_bits)
    return run_lava_jobs(
        [job], timeout_s=timeout_s, workers=workers, log=log, on_samples=on_samples
    )[0]


def run_lava_file(
    net: Path,
    chip: ChipGraph,
    inputs: IntArray,
    *,
    reset: Reset = "staggered",
    steps: int | None = None,
    num_layers: int | None = None,
    timeout_s: float = TIMEOUT_S,
    workers: int | None = None,
    log: Path | None = None,
    append: bool = False,
    on_samples: Callable[[int], None] | None = None,
) -> LavaRun:
    """Runs a chip file of either kind on what the emulator takes; see `file_job`.

    Raises:
        LavaError: Lava isn't installed, failed on this file, or took longer than `timeout_s`.
        FileError: no chip file, or no space for the temporary files.
    """
    job = file_job(net, chip, inputs, reset=reset, steps=steps, num_layers=num_layers)
    return run_lava_jobs(
        [job],
        timeout_s=timeout_s,
        workers=workers,
        log=log,
        append=append,
        on_samples=on_samples,
    )[0]


def run_lava_jobs(
    jobs: Sequence[LavaJob],
    *,
    timeout_s: float = TIMEOUT_S,
    workers: int | None = None,
    log: Path | None = None,
    append: bool = False,
    on_samples: Callable[[int], None] | None = None,
) -> list[LavaRun]:
    """Runs several jobs in as few processes as possible, which saves Lava's start-up.

    Args:
        jobs: networks and inputs.
        timeout_s: for all together, start-up included.
        workers: how many Lavas run side by side, sharing jobs and samples; None starts one per
            core, each with enough to do.
        log: file that gets what Lava printed, and the traceback of a failure.
        append: add to the log what comes from this run, and keep what is in it.
        on_samples: called with the number of samples done so far, of all jobs together.

    Raises:
        LavaError: Lava isn't installed, failed on a job, was killed, or took longer than
            `timeout_s`.
        FileError: no space for the temporary files, or the log can't be written.
    """
    found = require_lava()
    if workers is not None and workers < 1:
        raise LavaError(f"Lava: workers is {workers}, must be at least 1.")
    for job in jobs:
        if job.graph is None and not job.net.is_file():
            raise LavaError(f"{job.net}: no such file. Name a netx file (.net).")
    with _temporary_folder() as root:
        crew = Crew(jobs, shared_out(jobs, workers), root, interpreter(found.folder))
        crew.run(timeout_s, log, on_samples, append=append)
        return [joined(job, crew.results(k), found.versions) for k, job in enumerate(jobs)]


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="spikeport-lava-") as name:
            yield Path(name)
    except OSError as error:
        where = error.filename or os.environ.get("TMPDIR", "temporary folder")
        remedy = (
            "Set TMPDIR to a folder you can write to"
            if error.errno in (errno.EACCES, errno.EROFS)
            else "Free some space, or set TMPDIR to another folder"
        )
        raise FileError(
            f"{where}: can't be written ({error.strerror or error}). {remedy}."
        ) from error
