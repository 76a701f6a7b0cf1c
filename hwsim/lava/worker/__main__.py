"""Runs networks through Lava; started by `hwsim.lava.crew` with the Lava environment's Python.

Stand-alone: it imports nothing of the project, since the Lava environment holds nothing of it.

    python -I worker FOLDER

runs the jobs FOLDER/job_0.json, job_1.json, ... in order, each with the arrays of job_<k>.npz
(`inputs`, and for a chip graph its parameters and weights), and writes, as each is done,
FOLDER/result_<k>.npz: per population k `u<k>`, `v<k>`, `s<k>`, and `lag`. FOLDER/progress grows
by one byte per finished sample. A failure ends the run with its traceback in FOLDER/failure.txt.
Lava prints warnings to stdout, so nothing is returned there. Without FOLDER it only imports Lava.
"""

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from graph_network import graph_network
from netx_network import netx_network
from patches import import_lava
from running import (
    Progress,
    end_with_parent,
    keep_sockets_in,
    leave,
    open_many_files,
    run_network,
    tell_failures,
)
from watching import recorded, wrap_models


def run_jobs(folder: Path) -> None:
    """Runs the folder's jobs in order; a result file appears when its job is done."""
    progress = Progress(folder / "progress")
    partial = folder / "partial.npz"
    for k in count():
        request = folder / f"job_{k}.json"
        if not request.exists():
            return
        with np.load(request.with_suffix(".npz"), allow_pickle=False) as file:
            arrays = dict(file)
        progress.of_next_job()
        run_job(json.loads(request.read_text()), arrays, progress, partial)
        partial.rename(folder / f"result_{k}.npz")


def run_job(job: dict[str, Any], arrays: dict[str, Any], progress: Progress, result: Path) -> None:
    """Builds one network, runs its samples and saves what was recorded."""
    inputs = arrays.pop("inputs")
    if job["graph"] is None:
        process, watch, lag = netx_network(job, inputs)
    else:
        process, watch, lag = graph_network(job, arrays, inputs)
    timetable = watch.timetable
    run_network(
        process, timetable.steps, lambda: progress.tell(timetable.finished(int(watch.clock[0])))
    )
    np.savez(result, lag=np.array(lag), **recorded(watch))


def main(arguments: list[str]) -> None:
    """Runs the jobs of a folder; without one, only shows that Lava can be imported."""
    if arguments:
        folder = Path(arguments[0])
        end_with_parent(folder)
        tell_failures(folder)
        keep_sockets_in(folder)
        open_many_files()
    import_lava()
    wrap_models()
    if arguments:
        run_jobs(folder)
    leave(0)


if __name__ == "__main__":
    main(sys.argv[1:])
