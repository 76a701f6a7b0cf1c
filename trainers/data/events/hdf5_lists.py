"""Lists of variable length in an HDF5 file, read without the HDF5 library's help.

Where such a list is damaged, the library ends the process or never comes back, so it's only asked
where things lie. A dataset of lists holds 16 bytes for each: its length (4), the address of a
global heap collection (8) and the number of an object in it (4). A collection is `GCOL`, a version,
three reserved bytes and its size; then objects, each with number (2 bytes), references (2),
reserved (4), size (8) and its data, filled up to 8 bytes. Number 0 is the free rest. Everything is
little-endian.

Source: HDF5 file format specification 3.0, sections III.E and IV.A.2.
"""

import mmap
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np

from trainers.data.events.recording_bytes import REMEDY
from trainers.errors import DataError

SIGNATURE = b"GCOL\x01\x00\x00\x00"
HEADER_BYTES = 16
"""Of a collection, of each object in it, and of each entry of a dataset."""

COLLECTIONS_KEPT = 64

CHUNK_ROWS_MAX = 1 << 22
"""Entries in one chunk, which may be packed: 64 MiB."""

_ENTRY = struct.Struct("<IQI")
_OBJECT = struct.Struct("<HHIQ")


class Hdf5Lists:
    """The lists of one dataset.

    Args:
        path: of the file.
        content: of the file.
        dataset: on one axis, of a type whose values are lists.

    Raises:
        DataError: the entries lie outside the file, or are stored in an unusual way.
    """

    def __init__(self, path: Path, content: mmap.mmap, dataset: h5py.Dataset) -> None:
        self._where = f"{path}: '{dataset.name.lstrip('/')}'"
        self._content = content
        self._entries = self._stored_entries(dataset)
        self._collections: dict[int, dict[int, tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self._entries) // HEADER_BYTES

    def list_bytes(self, index: int, value_bytes: int) -> bytes:
        """The values of one list.

        Args:
            index: of the list.
            value_bytes: size of each value.

        Raises:
            DataError: the list isn't where it must be, or has another length.
        """
        length, address, number = _ENTRY.unpack_from(self._entries, index * HEADER_BYTES)
        if not length:
            return b""
        start, size = self._objects(index, address).get(number, (0, -1))
        if size != length * value_bytes:
            raise self._damaged(index, address)
        return self._content[start : start + size]

    def _objects(self, index: int, address: int) -> dict[int, tuple[int, int]]:
        """Where each object of a collection begins, and its size."""
        if address not in self._collections:
            if len(self._collections) == COLLECTIONS_KEPT:
                self._collections.clear()
            objects = _parsed(self._content, address)
            if objects is None:
                raise self._damaged(index, address)
            self._collections[address] = objects
        return self._collections[address]

    def _damaged(self, index: int, address: int) -> DataError:
        return DataError(
            f"{self._where}: list {index:,} isn't in the heap at byte {address:,}. {REMEDY}"
        )

    def _stored_entries(self, dataset: h5py.Dataset) -> bytes:
        layout = dataset.id.get_create_plist().get_layout()
        length = len(dataset) * HEADER_BYTES
        if layout == h5py.h5d.CONTIGUOUS:
            return self._stored(dataset.id.get_offset(), length)
        if layout != h5py.h5d.CHUNKED:
            raise DataError(f"{self._where}: is stored in an unusual way. {REMEDY}")
        (rows,) = dataset.chunks
        if rows > CHUNK_ROWS_MAX:
            raise DataError(
                f"{self._where}: chunks of {rows:,} lists, more than {CHUNK_ROWS_MAX:,}. {REMEDY}"
            )
        chunks = [self._chunk(dataset, first, rows) for first in range(0, len(dataset), rows)]
        return b"".join(chunks)[:length]

    def _chunk(self, dataset: h5py.Dataset, first: int, rows: int) -> bytes:
        found = dataset.id.get_chunk_info_by_coord((first,))
        content = self._stored(found.byte_offset, found.size)
        filters = dataset.id.get_create_plist()
        for place in reversed(range(filters.get_nfilters())):
            if not found.filter_mask >> place & 1:
                content = self._unfiltered(content, filters.get_filter(place)[0], rows)
        if len(content) != rows * HEADER_BYTES:
            raise DataError(
                f"{self._where}: a chunk has {len(content):,} bytes, expected "
                f"{rows * HEADER_BYTES:,}. {REMEDY}"
            )
        return content

    def _unfiltered(self, content: bytes, code: int, rows: int) -> bytes:
        if code == h5py.h5z.FILTER_DEFLATE:
            try:
                return zlib.decompressobj().decompress(content, rows * HEADER_BYTES + 1)
            except zlib.error as error:
                raise DataError(f"{self._where}: can't be unpacked ({error}). {REMEDY}") from error
        if code == h5py.h5z.FILTER_SHUFFLE and len(content) == rows * HEADER_BYTES:
            # All first bytes of the entries, then all second ones, ...
            return np.frombuffer(content, np.uint8).reshape(HEADER_BYTES, -1).T.tobytes()
        raise DataError(f"{self._where}: is stored in an unusual way. {REMEDY}")

    def _stored(self, start: int | None, size: int) -> bytes:
        if start is None or start + size > len(self._content):
            raise DataError(f"{self._where}: lies outside the file. {REMEDY}")
        return self._content[start : start + size]


def _parsed(content: mmap.mmap, address: int) -> dict[int, tuple[int, int]] | None:
    """Objects of the collection at this address; None where there is none, or a damaged one."""
    head = content[address : address + HEADER_BYTES] if address < len(content) else b""
    if len(head) < HEADER_BYTES or not head.startswith(SIGNATURE):
        return None
    end = address + int.from_bytes(head[8:], "little")
    objects: dict[int, tuple[int, int]] = {}
    at = address + HEADER_BYTES
    while end <= len(content) and end - at >= HEADER_BYTES:
        number, _, _, size = _OBJECT.unpack_from(content, at)
        if number == 0:
            return objects
        if size > end - at - HEADER_BYTES:
            return None
        objects[number] = (at + HEADER_BYTES, size)
        at += HEADER_BYTES + -(-size // 8) * 8
    return objects if end <= len(content) else None
