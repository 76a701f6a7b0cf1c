"""Batches of damaged files in processes of their own, so that a crash names its seed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hwsim.foreign.opening import opened_safely
from tests.fuzzing.corpus import DAMAGED, sound_contents, write_sound_files
from tests.fuzzing.mutation import mutated
from trainers.errors import FileError, SpikeportError

ROOT = Path(__file__).parents[2]

WORKER = "tests.fuzzing.worker"

STUCK_S = 600.0
"""On the clock, for a whole batch: a file that waits instead of computing."""


@dataclass
class Findings:
    """What a portion of damaged files came to.

    Args:
        read: files that made sense all the same.
        refused: files refused with a typed error of one line.
        crashes: seeds and signals where a C library ended the process; the safe opener said so.
        faults: seeds and what went wrong, which must not be.
    """

    read: int = 0
    refused: int = 0
    crashes: dict[int, str] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """All of them."""
        return self.read + self.refused + len(self.crashes) + len(self.faults)


def fuzz(kind: str, seeds: range) -> Findings:
    """Reads the damaged files of these seeds; after a crash the next process goes on behind it."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sound_files(kind, folder)
        start = seeds.start
        while start < seeds.stop:
            start = _batch(kind, folder, range(start, seeds.stop), findings)
    return findings


def _batch(kind: str, folder: Path, seeds: range, findings: Findings) -> int:
    """Reads on until the end or a crash; returns the seed with which to go on."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", WORKER, kind, folder, str(seeds.start),
         str(len(seeds))],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=STUCK_S + len(seeds),
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        if answer["outcome"] == "fault":
            findings.faults[answer["seed"]] = answer["why"]
        else:
            outcome = answer["outcome"]
            setattr(findings, outcome, getattr(findings, outcome) + 1)
    reached = seeds.start + len(answers)
    if reached == seeds.stop:
        return reached
    _judge_crash(kind, folder, reached, done, findings)
    return reached + 1


def _judge_crash(
    kind: str,
    folder: Path,
    seed: int,
    done: "subprocess.CompletedProcess[bytes]",
    findings: Findings,
) -> None:
    """Whether the command line would have turned the crash into one line."""
    how = _ending(done)
    try:
        opened_safely(_damaged_file(kind, folder, seed))
    except FileError as error:
        if "in a process of its own" in str(error):
            findings.crashes[seed] = how
        else:
            findings.faults[seed] = f"{how}, but the safe opener says: {error}"
    except SpikeportError as error:
        findings.faults[seed] = f"{how}, but the safe opener says: {error}"
    else:
        findings.faults[seed] = f"{how}, and the safe opener lets the file pass"


def _damaged_file(kind: str, folder: Path, seed: int) -> Path:
    path = folder / f"{DAMAGED}{seed}.{kind}"
    path.write_bytes(mutated(kind, seed, sound_contents(kind, folder)))
    return path


def _ending(done: "subprocess.CompletedProcess[bytes]") -> str:
    if done.returncode == -signal.SIGPROF:
        return "endless"
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    return f"status {done.returncode}: {said[-1]}"
