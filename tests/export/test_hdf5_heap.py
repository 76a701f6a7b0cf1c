"""Heaps of strings in HDF5 files: the library's endless loop is never entered."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.hdf5_heap import SIGNATURE, refuse_damaged_heaps
from trainers.errors import FileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with strings of many lengths, in more than one collection."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, longest in (("x", 40), ("y", 200), ("z", 200)):
            strings = ["s" * length for length in range(longest)]
            file[name] = np.array(strings, dtype=h5py.string_dtype())
    return tmp_path / "a.h5"


def collections(content: bytes) -> list[int]:
    """Where the collections begin."""
    return [at for at in range(len(content)) if content.startswith(SIGNATURE, at)]


def test_sound_heaps_pass(path: Path) -> None:
    """What the library writes is accepted, and empty or other files have no heaps."""
    assert len(collections(path.read_bytes())) > 1
    refuse_damaged_heaps(path)
    for content in (b"", b"not HDF5 at all"):
        path.write_bytes(content)
        refuse_damaged_heaps(path)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (8, 1 << 40),
        (8, 4096 + 64),
        (24, 1 << 63),
        (24, (1 << 64) - 1),
        (24, 1 << 20),
    ],
    ids=["collection past the file", "collection too long", "object", "overflow", "past the end"],
)
def test_sizes_that_do_not_fit_are_refused(path: Path, offset: int, value: int) -> None:
    """A collection beyond its file, or an object beyond its collection: place and path."""
    content = bytearray(path.read_bytes())
    start = collections(bytes(content))[-1]
    content[start + offset : start + offset + 8] = struct.pack("<Q", value)
    path.write_bytes(content)
    with pytest.raises(FileError, match=rf"a\.h5: its strings are damaged \(heap at byte {start}"):
        refuse_damaged_heaps(path)


def test_free_space_without_size_is_refused(path: Path) -> None:
    """An object of index 0 and size 0 is where the library would stand still."""
    content = bytearray(path.read_bytes())
    start = collections(bytes(content))[-1]
    content[start + 16 : start + 32] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(FileError, match="its strings are damaged"):
        refuse_damaged_heaps(path)
