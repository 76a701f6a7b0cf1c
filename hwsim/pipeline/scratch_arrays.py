"""Big results of a simulation: in memory while they are few, else in files without a name.

Such a file has no name from the start, so nothing is left of it however the process ends. Its
space is taken when the array is made: a full disk is an error then, and not a dead process later.
"""

import mmap
import os
import tempfile
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from trainers.atomic_file import cannot_write

MEMORY_BYTES = 32 << 20
"""Of results that are kept in memory; what comes on top of it goes to files."""

ZEROS = bytes(1 << 20)


def scratch_folder(results: Path) -> Path:
    """Where to put such files for results in a folder that may not be there yet.

    It is that folder or the nearest one above it; on a machine where neither can be written to,
    which another than the first process may well be on, the system's own for temporary files.
    """
    there = next(folder for folder in (results, *results.absolute().parents) if folder.is_dir())
    return there if os.access(there, os.W_OK) else Path(tempfile.gettempdir())


@dataclass
class ScratchArrays:
    """Makes arrays of zeros.

    Args:
        folder: an existing one (see `scratch_folder`), with room for what doesn't fit in memory.
        memory_bytes: that may be used of memory.
    """

    folder: Path
    memory_bytes: int = MEMORY_BYTES
    _maps: list[mmap.mmap] = field(default_factory=list)

    def allocate(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of zeros.

        Raises:
            FileError: no space is left in the folder.
        """
        size = prod(shape) * np.dtype(dtype).itemsize
        if size <= self.memory_bytes:
            self.memory_bytes -= size
            return np.zeros(shape, dtype)
        mapped = _mapped(self.folder, size)
        self._maps.append(mapped)
        return np.frombuffer(mapped, dtype).reshape(shape)

    def release(self) -> None:
        """Lets go of the memory that holds parts of the files; they are read again when needed."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(folder: Path, size: int) -> mmap.mmap:
    try:
        with tempfile.TemporaryFile(prefix=".spikeport.", dir=folder) as file:
            _reserve(file.fileno(), size)
            return mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _reserve(handle: int, size: int) -> None:
    """Takes the space: writing through the map to a file with holes can't report a full disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    for start in range(0, size, len(ZEROS)):
        os.write(handle, ZEROS[: size - start])
