"""Array files (.npz) written part by part: the values need never be in memory together."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import DTypeLike, NDArray

from trainers.atomic_file import whole_file

FAST = 1
"""zlib's level: spikes and membranes shrink nearly as far as with its slowest one."""


class NpzWriter:
    """A file in the making; see `npz_writer`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, parts: Iterable[NDArray[Any]]
    ) -> None:
        """Adds an array.

        Args:
            name: of the array.
            shape: of the whole array.
            dtype: of its values; every part must have it.
            parts: slices of the first axis, in order, which make up the array.
        """
        fields = {
            "descr": npy_format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": shape,
        }
        written = 0
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            npy_format.write_array_header_1_0(member, fields)
            for part in parts:
                if part.dtype != np.dtype(dtype) or part.shape[1:] != shape[1:]:
                    raise ValueError(f"'{name}': a part is {part.dtype} of shape {part.shape}")
                if part.size:
                    member.write(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
                written += len(part)
            if written != shape[0]:
                raise ValueError(f"'{name}': {written} rows written of {shape[0]}")

    def add_whole(self, name: str, array: NDArray[Any]) -> None:
        """Adds an array that is in memory."""
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            npy_format.write_array(member, array, allow_pickle=False)


@contextmanager
def npz_writer(path: Path) -> Iterator[NpzWriter]:
    """Gives a writer of compressed arrays; `path` appears only when the block ends well.

    The same arrays make the same bytes, whenever they are written.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with (
        whole_file(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive,
    ):
        yield NpzWriter(archive)
