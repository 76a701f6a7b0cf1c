"""One array of an .npz file, read by rows: for arrays that are larger than memory.

A member that is stored as it is (numpy.savez) is held to its checksum once and then read where
it lies; a compressed one
(numpy.savez_compressed) is unpacked first, if it is large into a file without a name.
Rows are read, not mapped, so the memory in use is that of the rows asked for.
"""

import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import BufferedIOBase, BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.atomic_file import cannot_write
from trainers.errors import FileError
from trainers.npz_file import array_name, opened_npz, read_header

LOCAL_HEADER = 30
"""Bytes of a member's own header in the archive, before its name and extra field."""

CHUNK_BYTES = 1 << 18

SMALL_BYTES = 1 << 25
"""Compressed members up to this size are unpacked in memory."""


@dataclass(frozen=True)
class RowsInFile:
    """An array in an open file; a slice of its first axis reads just those rows.

    Args:
        path: named in messages.
        file: that holds the rows.
        start: byte at which the first row begins.
        shape: of the array.
        stored: dtype in the file.
        crc: checksum of the whole array, as the archive states it.
        lock: held while rows are read, which several threads may ask for.
    """

    path: Path
    file: BufferedIOBase
    start: int
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    crc: int
    lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows that are read: in the machine's byte order."""
        return self.stored.newbyteorder("=")

    @property
    def ndim(self) -> int:
        """Number of axes, at least 1."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Reads rows that follow each other.

        Raises:
            FileError: the file has become shorter, or can't be read any more.
        """
        part = self.part(rows)
        values = np.empty(part.shape, self.stored)
        if values.size:
            with self.lock:
                got = self._read_into(values, part.start)
            if got != values.nbytes:
                raise FileError(f"{self.path}: ends within its arrays. Write it again.")
        return values.astype(self.dtype, copy=False)

    def _read_into(self, values: NDArray[Any], start: int) -> int:
        try:
            self.file.seek(start)
            return self.file.readinto(values.reshape(-1).view(np.uint8).data)
        except OSError as error:
            raise FileError(
                f"{self.path}: can't be read ({error.strerror or error}). Check its disk, or copy "
                "it elsewhere."
            ) from error

    def part(self, rows: slice) -> "RowsInFile":
        """The array of those rows alone, still in the file."""
        first, last, step = rows.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"rows {rows}: only rows that follow each other are read")
        count = max(0, last - first)
        start = self.start + first * prod(self.shape[1:]) * self.stored.itemsize
        return replace(self, start=start, shape=(count, *self.shape[1:]))


@contextmanager
def open_rows(path: Path, name: str, *, scratch: Path) -> Iterator[RowsInFile]:
    """Gives one array of an .npz file by rows, while the block lasts.

    Args:
        path: the file.
        name: of the array.
        scratch: an existing folder with room for the array, should it have to be unpacked.

    Raises:
        FileError: missing file or array, damaged, objects inside, an array without rows or stored
            by columns, or no room to unpack it.
    """
    with opened_npz(path) as archive:
        entry = _entry(path, archive, name)
        header = read_header(path, archive, entry)
        if not header.shape or (header.by_column and len(header.shape) > 1):
            found = "is stored column by column" if header.shape else "is a single value"
            raise FileError(
                f"{path}: array '{name}' {found}. Write it with numpy.ascontiguousarray, one row "
                "per sample."
            )
        start, file = header.start, _content(path, archive, entry, scratch)
        if entry.compress_type == zipfile.ZIP_STORED:
            start += _data_start(path, entry)
    # Out here, so that what goes wrong in the caller's block isn't taken for damage of the file.
    with file:
        yield RowsInFile(path, file, start, header.shape, header.dtype, entry.CRC)


def _content(
    path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, scratch: Path
) -> BufferedIOBase:
    """A file that holds the member's bytes as they are: the archive, or one to unpack it to."""
    if entry.compress_type == zipfile.ZIP_STORED:
        _hold_to_checksum(path, archive, entry)
        return path.open("rb")
    return _unpacked(path, archive, entry, scratch)


def _entry(path: Path, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    found = [entry for entry in archive.infolist() if array_name(entry) == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise FileError(f"{path}: two arrays are called '{name}'. Don't trust this file.")
    others = ", ".join(sorted(map(array_name, archive.infolist()))) or "nothing"
    raise FileError(f"{path}: no array '{name}'; it holds {others}. Name a file with that array.")


def _hold_to_checksum(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Reads a stored member once, since zipfile checks what passes through it alone."""
    if entry.compress_size != entry.file_size:
        raise FileError(
            f"{path}: array '{array_name(entry)}' takes {entry.compress_size:,} bytes as stored, "
            f"but claims {entry.file_size:,}. Don't trust this file."
        )
    with archive.open(entry) as member:
        while member.read(CHUNK_BYTES):
            pass


def _data_start(path: Path, entry: zipfile.ZipInfo) -> int:
    """Byte of the archive at which a stored member's content begins."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(LOCAL_HEADER)
    lengths = (int.from_bytes(header[k : k + 2], "little") for k in (26, 28))
    return entry.header_offset + LOCAL_HEADER + sum(lengths)


def _unpacked(
    path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, scratch: Path
) -> BufferedIOBase:
    """The member in memory or in a file without a name, which is gone when it is closed."""
    if entry.file_size <= SMALL_BYTES:
        return BytesIO(archive.read(entry))
    free = shutil.disk_usage(scratch).free
    if entry.file_size > free:
        raise FileError(
            f"{path}: array '{array_name(entry)}' unpacks to {entry.file_size:,} bytes, but "
            f"{scratch} has {free:,} free. Write the file with numpy.savez, which needs no "
            "unpacking, or choose another folder with -o."
        )
    file = _nameless(scratch)
    try:
        with archive.open(entry) as member:
            while chunk := member.read(CHUNK_BYTES):
                _write(file, chunk, scratch)
    except BaseException:
        # Closing writes what is left, which fails once more where the disk is full.
        with suppress(OSError):
            file.close()
        raise
    return file


def _nameless(scratch: Path) -> BufferedIOBase:
    try:
        handle, name = tempfile.mkstemp(prefix=".spikeport.", dir=scratch)
        os.unlink(name)
    except OSError as error:
        raise cannot_write(scratch, error) from error
    return os.fdopen(handle, "w+b")


def _write(file: BufferedIOBase, chunk: bytes, scratch: Path) -> None:
    # An OSError of this file isn't damage of the one that is unpacked.
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise cannot_write(scratch, error) from error
