"""The worker with a reader that fails at the file of seed 7, in the way $HARM says."""

import ctypes
import os
import sys
from pathlib import Path

from tests.fuzzing import reading, worker
from tests.fuzzing.corpus import sound_contents
from tests.fuzzing.mutation import mutated
from trainers.errors import FileError

SEED = 7


def harm(path: Path) -> None:
    """Fails."""
    kind = os.environ["HARM"]
    if kind == "crash":
        ctypes.string_at(0)
    if kind == "bomb":
        bytearray(2 << 30)
    if kind == "lines":
        raise _Unescaped(f"{path}: two\nlines")
    raise ZeroDivisionError("a bug")


class _Unescaped(FileError):
    def __str__(self) -> str:
        return str(self.args[0])


def main(kind: str, folder: Path, first: int, count: int) -> None:
    """As the worker's, but for one seed."""
    contents = sound_contents(kind, folder)
    guilty = mutated(kind, SEED, contents)
    sound = reading.READS[kind][0]

    def read(path: Path) -> object:
        if path.read_bytes() == guilty:
            harm(path)
        return sound(path)

    worker.main(kind, folder, range(first, first + count), {kind: (read,)})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
