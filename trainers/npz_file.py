"""Array files (.npz): no pickle, sizes checked before anything is allocated."""

import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from trainers.atomic_file import whole_file
from trainers.errors import FileError

MAX_BYTES = 1 << 34
"""Arrays that together claim more than 16 GiB are refused."""

COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy writes; other methods may claim gigabytes of working memory."""

NPY_VERSION = (1, 0)
"""The one whose header is limited to 64 KiB; numpy writes others for structured arrays only."""

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, OSError, EOFError, RuntimeError,
    SyntaxError, ValueError, TypeError, LookupError, OverflowError, MemoryError,
)  # fmt: skip
"""What zipfile, zlib and numpy raise on a damaged file, depending on where the damage lies."""


@dataclass(frozen=True)
class Header:
    """What a member of an .npz file says of its array.

    Args:
        shape: of the array.
        dtype: of its values, as stored.
        bytes: that the values take.
        start: byte of the member at which they begin.
        by_column: whether the first axis varies fastest (Fortran order).
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    bytes: int
    start: int
    by_column: bool


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes compressed arrays; `path` appears only when the file is whole.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    # Given an open file: for a name without the suffix .npz, numpy would write another file.
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path, names: tuple[str, ...] | None = None) -> dict[str, NDArray[Any]]:
    """Reads arrays of plain numbers.

    Args:
        path: the file.
        names: arrays to read, all of which must be there; None reads every array.

    Raises:
        FileError: missing file or array, truncated, not an .npz, objects inside, or too large.
    """
    with opened_npz(path) as archive:
        shapes = array_shapes(path, archive, names)
        _refuse_missing(path, names or (), shapes)
        entries = {array_name(entry): entry for entry in archive.infolist()}
        return {name: _read(archive, entries[name]) for name in names or shapes}


def npz_shapes(
    path: Path, *, whole: Collection[str] | None = None
) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of every array of a file, without reading one.

    Args:
        path: the file.
        whole: arrays that are to be in memory as a whole, whose size is limited; None for all.

    Raises:
        FileError: as of `read_npz`.
    """
    with opened_npz(path) as archive:
        return array_shapes(path, archive, whole)


@contextmanager
def opened_npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, while the block lasts.

    Raises:
        FileError: it is missing, or it or a member read in the block is damaged.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name an .npz file.")
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            # A header that numpy has to mend first is read all the same.
            warnings.simplefilter("ignore", UserWarning)
            yield archive
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileError(
            f"{path}: isn't a readable .npz file ({reason[:120]}). Write it again with numpy.savez."
        ) from error


def array_shapes(
    path: Path, archive: zipfile.ZipFile, whole: Collection[str] | None = None
) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of every array, from the headers alone.

    Raises:
        FileError: an array holds Python objects, two have one name, a member isn't as long as
            its header says, or those read whole (None: all) together claim more than MAX_BYTES.
    """
    shapes: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    total = 0
    for entry in archive.infolist():
        name = array_name(entry)
        if name in shapes:
            raise FileError(f"{path}: two arrays are called '{name}'. Don't trust this file.")
        header = read_header(path, archive, entry)
        shapes[name] = (header.shape, header.dtype)
        if whole is None or name in whole:
            total += header.bytes
    if total > MAX_BYTES:
        raise FileError(
            f"{path}: its arrays claim {total:,} bytes, more than {MAX_BYTES:,}. Split the file."
        )
    return shapes


def read_header(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    """What a member says of its array, held to the member's length.

    Raises:
        FileError: it holds Python objects, or isn't as long as its header says.
    """
    where = f"{path}: array '{array_name(entry)}'"
    if entry.compress_type not in COMPRESSIONS:
        raise FileError(f"{where} is compressed in an unusual way. Write it with numpy.savez.")
    with archive.open(entry) as member:
        version = npy_format.read_magic(member)
        if version != NPY_VERSION:
            raise FileError(
                f"{where}: .npy version {version}, expected {NPY_VERSION}. Save plain numbers."
            )
        shape, by_column, dtype = npy_format.read_array_header_1_0(member)
        start = member.tell()
    if dtype.hasobject:
        raise FileError(
            f"{where} holds Python objects, which could run code when read. Save plain numbers."
        )
    claimed = prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or claimed != entry.file_size - start:
        raise FileError(
            f"{where} claims shape {shape} of {dtype}, {claimed:,} bytes, but its member holds "
            f"{entry.file_size - start:,}. Don't trust this file."
        )
    return Header(shape, dtype, claimed, start, by_column)


def array_name(entry: zipfile.ZipInfo) -> str:
    """The array that a member holds."""
    return entry.filename.removesuffix(".npy")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as member:
        array: NDArray[Any] = npy_format.read_array(member, allow_pickle=False)
    return array


def _refuse_missing(path: Path, names: tuple[str, ...], shapes: dict[str, Any]) -> None:
    missing = [name for name in names if name not in shapes]
    if missing:
        raise FileError(
            f"{path}: no array '{missing[0]}'; it holds {', '.join(sorted(shapes)) or 'nothing'}. "
            "Name a file with that array."
        )
