"""benchmarks/results/fuzzing.json: how far the campaign of damaged files has come."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.fuzzing.campaign import ROOT, Findings
from trainers.atomic_file import whole_file

LOG = ROOT / "benchmarks" / "results" / "fuzzing.json"


@dataclass(frozen=True)
class Progress:
    """Of one kind of file.

    Args:
        files: so far, and so the next seed.
        read: of these, files that made sense all the same.
        refused: with a typed error of one line.
        crashes: seeds at which a C library crashed or never ended, which the child process turned
            into one line.
        faults: seeds at which a reader failed in any other way.
    """

    files: int = 0
    read: int = 0
    refused: int = 0
    crashes: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def and_then(self, found: Findings) -> "Progress":
        """With the findings of the seeds that follow."""
        return Progress(
            self.files + found.files,
            self.read + found.read,
            self.refused + found.refused,
            self.crashes | {str(seed): how for seed, how in found.crashes.items()},
            self.faults | {str(seed): why for seed, why in found.faults.items()},
        )


def read_log(path: Path = LOG) -> dict[str, Progress]:
    """Progress by kind; nothing where there is no log yet."""
    if not path.is_file():
        return {}
    return {kind: Progress(**entry) for kind, entry in json.loads(path.read_text()).items()}


def write_log(progress: dict[str, Progress], path: Path = LOG) -> None:
    """Writes the log whole."""
    document = {kind: asdict(entry) for kind, entry in progress.items()}
    with whole_file(path) as partial:
        partial.write_text(json.dumps(document, indent=1) + "\n")
