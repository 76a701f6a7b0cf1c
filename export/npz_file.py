"""Array files (.npz): no pickle, sizes checked before anything is allocated."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from trainers.atomic_file import whole_file
from trainers.errors import FileError

MAX_BYTES = 1 << 34
"""Arrays that together claim more than 16 GiB are refused."""

_HEADER_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes compressed arrays; `path` appears only when the file is whole.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path, names: tuple[str, ...] | None = None) -> dict[str, NDArray[Any]]:
    """Reads arrays of plain numbers.

    Args:
        path: the file.
        names: arrays to read, all of which must be there; None reads every array.

    Raises:
        FileError: missing file or array, truncated, not an .npz, objects inside, or too large.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name an .npz file.")
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = array_shapes(path, archive)
            _refuse_missing(path, names or (), shapes)
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in names or shapes}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, KeyError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            f"{path}: isn't a readable .npz file ({str(error)[:120]}). Write it again with "
            "numpy.savez."
        ) from error


def array_shapes(
    path: Path, archive: zipfile.ZipFile
) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of every array, from the headers alone.

    Raises:
        FileError: an array holds Python objects, or all together claim more than MAX_BYTES.
    """
    shapes = {}
    total = 0
    for entry in archive.namelist():
        with archive.open(entry) as member:
            version = npy_format.read_magic(member)  # type: ignore[arg-type]
            read_header = _HEADER_READERS.get(version)
            if read_header is None:
                raise FileError(f"{path}: array '{entry}': unknown .npy version {version}.")
            shape, _, dtype = read_header(member)  # type: ignore[arg-type]
        if dtype.hasobject:
            raise FileError(
                f"{path}: array '{entry}' holds Python objects, which could run code when read. "
                "Save plain numbers."
            )
        total += int(np.prod(shape, dtype=object)) * dtype.itemsize
        shapes[entry.removesuffix(".npy")] = (shape, dtype)
    if total > MAX_BYTES:
        raise FileError(
            f"{path}: its arrays claim {total:,} bytes, more than {MAX_BYTES:,}. Split the file."
        )
    return shapes


def _refuse_missing(path: Path, names: tuple[str, ...], shapes: dict[str, Any]) -> None:
    missing = [name for name in names if name not in shapes]
    if missing:
        raise FileError(
            f"{path}: no array '{missing[0]}'; it holds {', '.join(sorted(shapes)) or 'nothing'}. "
            "Name a file with that array."
        )
