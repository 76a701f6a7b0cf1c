"""Entries of strings in an HDF5 file, checked before the HDF5 library reads them.

The library makes room for as many bytes as an entry says, up to 4 GiB each, and only then finds
that the string is shorter.

Layout (HDF5 file format specification 3.0, section IV.A, and III.E for the heap): an entry is the
string's length (4 bytes), the address of a collection (8) and the index of an object in it (4).
"""

import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import h5py

from export.hdf5_heap import HEADER_BYTES, SIGNATURE
from trainers.errors import FileError

ENTRY = struct.Struct("<IQI")


def refuse_false_lengths(path: Path, dataset: h5py.Dataset) -> None:
    """Raises FileError when an entry of the dataset claims more bytes than its object holds."""
    if h5py.check_vlen_dtype(dataset.dtype) is None and not _holds_text(dataset):
        return
    base = int(dataset.file.userblock_size)
    sizes: dict[int, dict[int, int]] = {}
    with path.open("rb") as file:
        for length, address, index in _entries(file, dataset):
            if address not in sizes:
                sizes[address] = _object_sizes(file, base + address)
            held = sizes[address].get(index, length)
            if length > held:
                raise FileError(
                    f"{path}: '{dataset.name}' claims a string of {length:,} bytes, but stores "
                    f"{held:,}. Don't trust this file."
                )


def _holds_text(dataset: h5py.Dataset) -> bool:
    kind = h5py.check_string_dtype(dataset.dtype)
    return kind is not None and kind.length is None


def _entries(file: BufferedReader, dataset: h5py.Dataset) -> Iterator[tuple[int, int, int]]:
    for block in _blocks(file, dataset):
        yield from ENTRY.iter_unpack(block[: len(block) // ENTRY.size * ENTRY.size])


def _blocks(file: BufferedReader, dataset: h5py.Dataset) -> Iterator[bytes]:
    """The entries as stored; of the filters only deflate, which netx and NIR files have."""
    identity, offset = dataset.id, dataset.id.get_offset()
    if offset is not None:
        file.seek(offset)
        yield file.read(int(dataset.size) * ENTRY.size)
        return
    if dataset.chunks is None:
        return
    filters = dataset.id.get_create_plist()
    kinds = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    if kinds not in ([], [h5py.h5z.FILTER_DEFLATE]):
        return
    for k in range(identity.get_num_chunks()):
        mask, stored = identity.read_direct_chunk(identity.get_chunk_info(k).chunk_offset)
        yield _inflated(stored, int(dataset.size)) if kinds and not mask else stored


def _inflated(stored: bytes, entries: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(stored, max(1, entries) * ENTRY.size)
    except zlib.error:
        # The library refuses it.
        return b""


def _object_sizes(file: BufferedReader, start: int) -> dict[int, int]:
    """Bytes of each object of the collection that begins there; nothing where none does."""
    if start >= 1 << 63:
        return {}
    file.seek(start)
    header = file.read(HEADER_BYTES)
    if not header.startswith(SIGNATURE):
        return {}
    sizes: dict[int, int] = {}
    left = int.from_bytes(header[8:], "little") - HEADER_BYTES
    # Collections were walked to their ends before: `export.hdf5_heap`.
    while left >= HEADER_BYTES:
        entry = file.read(HEADER_BYTES)
        index, size = int.from_bytes(entry[:2], "little"), int.from_bytes(entry[8:], "little")
        if index == 0 or len(entry) < HEADER_BYTES:
            break
        sizes[index] = size
        filled = -(-size // 8) * 8
        file.seek(filled, 1)
        left -= HEADER_BYTES + filled
    return sizes
