"""Damages files by the thousand and reads them as the commands do.

    python benchmarks/fuzzing.py --files 10000

Goes on behind the seeds that benchmarks/results/fuzzing.json counts, until each kind of file has
had as many in all, and writes the counts there after every batch. Exits with 1 where a reader
failed otherwise than by a typed error of one line, or where a crash of a library would have
reached the user.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from tests.fuzzing.campaign import Findings, fuzz
from tests.fuzzing.corpus import KINDS
from tests.fuzzing.log import Progress, read_log, write_log

BATCH = 500


def main() -> int:
    """Runs the campaign; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000, help="of each kind, in all")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    arguments = parser.parse_args()
    progress = {kind: Progress() for kind in KINDS} | read_log()
    while any(entry.files < arguments.files for entry in progress.values()):
        for kind, found in _round(progress, arguments.files, arguments.workers):
            progress[kind] = progress[kind].and_then(found)
            write_log(progress)
            print(_line(kind, progress[kind]), flush=True)
    for kind, entry in progress.items():
        for seed, why in entry.faults.items():
            print(f"fault: {kind}, seed {seed}: {why}")
    return 1 if any(entry.faults for entry in progress.values()) else 0


def _round(
    progress: dict[str, Progress], files: int, workers: int
) -> Iterator[tuple[str, Findings]]:
    """A batch of each kind that isn't done."""
    batches = {
        kind: range(entry.files, min(entry.files + BATCH, files))
        for kind, entry in progress.items()
        if entry.files < files
    }
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(fuzz, kind, batch): kind for kind, batch in batches.items()}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def _line(kind: str, entry: Progress) -> str:
    return (
        f"{kind:<8} {entry.files:>7,} files: {entry.read:,} read, {entry.refused:,} refused, "
        f"{len(entry.crashes)} crashes behind the child, {len(entry.faults)} faults"
    )


if __name__ == "__main__":
    sys.exit(main())
