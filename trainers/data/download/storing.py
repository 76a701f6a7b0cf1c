"""Writing below a data set's folder: one process at a time, and what goes wrong in one line."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from trainers.data.data_folder import FOLDER_VARIABLE
from trainers.errors import FileError


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns the operating system's refusal into one line, and removes what was written.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    try:
        yield
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise FileError(
            f"{path.parent}: can't be written to ({error.strerror or error}). Check its "
            "permissions and free space, or choose another folder with data.path or "
            f"{FOLDER_VARIABLE}."
        ) from error


def store(file: FileIO, block: bytes, path: Path) -> None:
    """Writes a whole block; unbuffered, so that nothing is left to fail when the file is closed.

    Raises:
        FileError: as of `storing`.
    """
    left = memoryview(block)
    with storing(path):
        while left:
            left = left[file.write(left) :]


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Waits until no other process is within such a block for this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
