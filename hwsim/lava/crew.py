"""Lava's workers at work: started together, watched, ended, and their log kept."""

import errno
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hwsim.errors import LavaError
from hwsim.lava.environment import WORKER
from hwsim.lava.job import LavaJob
from hwsim.lava.pieces import Piece
from hwsim.lava.process_group import Program, run_groups
from trainers.atomic_file import cannot_write, whole_file
from trainers.errors import FileError

ONE_THREAD: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Lava runs a process per population and synapse; threads in each would only get in the way."""

FULL_DISK = errno.ENOSPC
"""Exit status of a worker that could write neither its results nor why."""


@dataclass(frozen=True)
class Crew:
    """Workers that run pieces of jobs, each in a folder of its own.

    Args:
        jobs: all of them.
        shares: per worker, what it runs.
        root: temporary folder of all workers' folders.
        python: the Lava environment's interpreter.
    """

    jobs: Sequence[LavaJob]
    shares: Sequence[Sequence[Piece]]
    root: Path
    python: Path

    def run(
        self,
        timeout_s: float,
        log: Path | None,
        on_samples: Callable[[int], None] | None,
        *,
        append: bool = False,
    ) -> None:
        """Runs everything; see `run_lava_jobs` for the arguments.

        Raises:
            LavaError: Lava failed on a piece, was killed, or took longer than `timeout_s`.
            FileError: no space for results, or the log can't be written.
        """
        for k in range(len(self.shares)):
            self._write_request(k)
        with ExitStack() as stack:
            if log is not None:
                stack.callback(self._append_log if append else self._keep_log, log)
            self._run_programs(timeout_s, on_samples or _silent, log)

    def results(self, job: int) -> list[tuple[Piece, Path]]:
        """Pieces of a job and their result files."""
        return [
            (piece, self._folder(k) / f"result_{number}.npz")
            for k, share in enumerate(self.shares)
            for number, piece in enumerate(share)
            if piece.job == job
        ]

    def _folder(self, worker: int) -> Path:
        return self.root / f"worker_{worker}"

    def _write_request(self, worker: int) -> None:
        folder = self._folder(worker)
        folder.mkdir()
        (folder / "progress").touch()
        for number, piece in enumerate(self.shares[worker]):
            job = self.jobs[piece.job]
            part = job if job.single_run else job.part(piece.start, piece.stop)
            np.savez(folder / f"job_{number}.npz", **part.arrays())  # type: ignore[arg-type]
            (folder / f"job_{number}.json").write_text(json.dumps(part.request()))

    def _run_programs(
        self, timeout_s: float, on_samples: Callable[[int], None], log: Path | None
    ) -> None:
        folders = [self._folder(k) for k in range(len(self.shares))]
        told = 0

        def report() -> None:
            nonlocal told
            done = sum((folder / "progress").stat().st_size for folder in folders)
            if done > told:
                told = done
                on_samples(done)

        programs = [
            Program([self.python, "-I", WORKER, folder], folder / "output.txt")
            for folder in folders
        ]
        try:
            statuses = run_groups(
                programs, environment=os.environ | ONE_THREAD, timeout_s=timeout_s, on_poll=report
            )
        except subprocess.TimeoutExpired as error:
            raise LavaError(
                f"{self._names()}: Lava took longer than {timeout_s:g} s and was ended. "
                "Use fewer samples or a longer time-out."
            ) from error
        for worker, status in enumerate(statuses):
            if status:
                raise self._failure(worker, status, log)

    def _failure(self, worker: int, status: int, log: Path | None) -> LavaError | FileError:
        """The last line of the traceback, wherever Lava left it."""
        folder = self._folder(worker)
        share = self.shares[worker]
        done = sum((folder / f"result_{k}.npz").exists() for k in range(len(share)))
        net = self.jobs[share[min(done, len(share) - 1)].job].net
        if status == FULL_DISK:
            return FileError(
                f"{self.root}: no space left for Lava's results. Free some space, or set TMPDIR "
                "to another folder."
            )
        kept = "" if log is None else f" Its log: {log}."
        if status < 0:
            name = signal.Signals(-status).name
            hint = " (out of memory?)" if status == -signal.SIGKILL else ""
            return LavaError(
                f"{net}: Lava was killed by {name}{hint}. Run it again, with fewer samples or "
                f"workers.{kept}"
            )
        told = folder / "failure.txt"
        text = (told if told.exists() else folder / "output.txt").read_text(errors="replace")
        lines = text.strip().splitlines() or [f"exit status {status}, no output"]
        return LavaError(
            f"{net}: Lava can't run it ({lines[-1].strip()}). "
            f"Check it with `spikeport inspect`.{kept}"
        )

    def _keep_log(self, log: Path) -> None:
        with whole_file(log) as partial, partial.open("wb") as kept:
            self._write_log(kept)

    def _append_log(self, log: Path) -> None:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as kept:
                self._write_log(kept)
        except OSError as error:
            raise cannot_write(log, error) from error

    def _write_log(self, kept: BinaryIO) -> None:
        for worker, share in enumerate(self.shares):
            nets = ", ".join(sorted({str(self.jobs[piece.job].net) for piece in share}))
            kept.write(f"== worker {worker + 1} of {len(self.shares)}: {nets}\n".encode())
            for name in ("output.txt", "failure.txt"):
                source = self._folder(worker) / name
                if source.exists():
                    with source.open("rb") as text:
                        shutil.copyfileobj(text, kept)

    def _names(self) -> str:
        return ", ".join(sorted({str(job.net) for job in self.jobs}))


def _silent(done: int) -> None:
    """Reports to nobody."""
