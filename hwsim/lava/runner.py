"""Runs netx files through real Lava, in its own environment and its own process group."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from export.chip.graph import IntArray
from hwsim.errors import LavaError
from hwsim.lava.environment import WORKER, interpreter, require_lava
from hwsim.lava.job import LavaJob, LavaRun, read_run
from hwsim.lava.process_group import run_group
from trainers.atomic_file import cannot_write

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Lava runs a process per population and synapse; threads in each would only get in the way."""


def run_lava(
    net: Path,
    inputs: IntArray,
    *,
    reset: Literal["staggered", "none"],
    time_steps: int | None = None,
    steps: int | None = None,
    num_layers: int | None = None,
    input_message_bits: int = 0,
    timeout_s: float = 600.0,
) -> LavaRun:
    """Runs one file; see `LavaJob` for the arguments and `LavaRun` for what comes back.

    Raises:
        LavaError: Lava isn't installed, failed on this file, or took longer than `timeout_s`.
        FileError: no space for the temporary files.
    """
    job = LavaJob(net, inputs, reset, time_steps, steps, num_layers, input_message_bits)
    return run_lava_jobs([job], timeout_s=timeout_s)[0]


def run_lava_jobs(jobs: Sequence[LavaJob], *, timeout_s: float = 600.0) -> list[LavaRun]:
    """Runs several files one after the other in one process, which saves Lava's start-up.

    Args:
        jobs: files and inputs.
        timeout_s: for all together, start-up included.

    Raises:
        LavaError: Lava isn't installed, failed on a file, or took longer than `timeout_s`.
        FileError: no space for the temporary files.
    """
    found = require_lava()
    for job in jobs:
        if not job.net.is_file():
            raise LavaError(f"{job.net}: no such file. Name a netx file (.net).")
    try:
        with tempfile.TemporaryDirectory(prefix="spikeport-lava-") as name:
            folder = Path(name)
            _write_request(folder, jobs)
            _run_worker(folder, interpreter(found.folder), jobs, timeout_s)
            return [
                read_run(job, folder / f"result_{k}.npz", found.versions)
                for k, job in enumerate(jobs)
            ]
    except OSError as error:
        raise cannot_write(Path(tempfile.gettempdir()), error) from error


def _write_request(folder: Path, jobs: Sequence[LavaJob]) -> None:
    (folder / "jobs.json").write_text(json.dumps([job.request() for job in jobs]))
    arrays: dict[str, Any] = {str(k): job.inputs for k, job in enumerate(jobs)}
    np.savez(folder / "inputs.npz", **arrays)


def _run_worker(folder: Path, python: Path, jobs: Sequence[LavaJob], timeout_s: float) -> None:
    output = folder / "output.txt"
    try:
        exit_status = run_group(
            [python, "-I", WORKER, folder],
            output=output,
            environment=os.environ | ONE_THREAD,
            timeout_s=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise LavaError(
            f"{_names(jobs)}: Lava took longer than {timeout_s:g} s and was ended. "
            "Use fewer samples or a longer time-out."
        ) from error
    if exit_status != 0:
        raise LavaError(_failure(folder, output, jobs, exit_status))


def _failure(folder: Path, output: Path, jobs: Sequence[LavaJob], exit_status: int) -> str:
    """The last line of the traceback, wherever Lava left it."""
    done = sum((folder / f"result_{k}.npz").exists() for k in range(len(jobs)))
    told = folder / "failure.txt"
    text = (told if told.exists() else output).read_text(errors="replace")
    lines = text.strip().splitlines() or [f"exit status {exit_status}, no output"]
    return (
        f"{jobs[done].net}: Lava can't run it ({lines[-1].strip()}). "
        "Check it with `spikeport inspect`."
    )


def _names(jobs: Sequence[LavaJob]) -> str:
    return ", ".join(sorted({str(job.net) for job in jobs}))
