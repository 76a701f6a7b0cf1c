"""Reads damaged files in a row: `python -m tests.fuzzing.worker KIND FOLDER FIRST COUNT`.

FOLDER holds the sound files. On standard output stands a line of JSON per seed, FIRST to FIRST +
COUNT - 1: `{"seed": 7, "outcome": "read"}`, or `"refused"`, or `"fault"` with a `why`: an error
that isn't one of ours. The seed without a line is the one at which a library crashed, memory ran
out of its limit in C, or computing took longer than it may.
"""

import json
import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path

from tests.fuzzing.corpus import DAMAGED, sound_contents
from tests.fuzzing.mutation import mutated
from tests.fuzzing.reading import READS, Read, read_all

MEMORY_BYTES = 1 << 30
"""The corpus takes kilobytes; the libraries take about a tenth of this."""

SECONDS = 10.0
"""Computing time for one file; a sound one takes milliseconds."""


def main(
    kind: str, folder: Path, seeds: range, reads: Mapping[str, tuple[Read, ...]] = READS
) -> None:
    """Makes and reads the file of each seed, and says what came of it."""
    contents = sound_contents(kind, folder)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path = folder / f"{DAMAGED}{os.getpid()}.{kind}"
    warnings.simplefilter("ignore")
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for seed in seeds:
            path.write_bytes(mutated(kind, seed, contents))
            # Its signal ends the process even inside of a C library that never comes back.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            answer = {"seed": seed, **_outcome(kind, path, reads)}
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(json.dumps(answer), file=answers, flush=True)
    path.unlink()


def _outcome(kind: str, path: Path, reads: Mapping[str, tuple[Read, ...]]) -> dict[str, str]:
    try:
        refusal = read_all(kind, path, reads)
    # Finding these is what it is for.
    except Exception as error:  # noqa: BLE001
        frames = traceback.extract_tb(error.__traceback__)
        way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[:-7:-1])
        return {"outcome": "fault", "why": f"{type(error).__name__}: {error} ({way})"[:600]}
    return {"outcome": "read"} if refusal is None else {"outcome": "refused"}


if __name__ == "__main__":
    main(
        sys.argv[1], Path(sys.argv[2]), range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4]))
    )
