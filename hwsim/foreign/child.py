"""The process that opens files first: `python -m hwsim.foreign.child BYTES SECONDS KIND PATH ...`.

It reads each file as its parent will, within BYTES of memory and SECONDS of computing. On standard
output it leaves a line of JSON per file: `{}` for one that could be read, else the error's class
and text, after which it ends. A file without a line is the one it died of.
"""

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hwsim.foreign.readers import READERS
from trainers.errors import SpikeportError

OUT_OF_MEMORY = "MemoryError"

_GRACE_S = 5
"""From SIGXCPU, which names the cause, to SIGKILL."""


def main(arguments: Sequence[str], readers: Mapping[str, Callable[[Path], None]] = READERS) -> int:
    """Reads the files and returns the exit status: 1 if one was refused."""
    memory, seconds, *files = arguments
    _confine(int(memory), int(seconds))
    # What a library prints there must not be taken for an answer.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for kind, path in zip(files[::2], files[1::2], strict=True):
            answer = _answer(readers[kind], Path(path))
            print(json.dumps(answer), file=answers, flush=True)
            if answer:
                return 1
    return 0


def _answer(read: Callable[[Path], None], path: Path) -> dict[str, str]:
    try:
        read(path)
    except SpikeportError as error:
        return {"error": type(error).__name__, "text": str(error)}
    except MemoryError:
        return {"error": OUT_OF_MEMORY}
    return {}


def _confine(memory: int, seconds: int) -> None:
    # RLIMIT_AS would count files that are only mapped to be read.
    _limit(resource.RLIMIT_DATA, memory, memory)
    _limit(resource.RLIMIT_CPU, seconds, seconds + _GRACE_S)
    _limit(resource.RLIMIT_CORE, 0, 0)


def _limit(kind: int, soft: int, hard: int) -> None:
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
