"""Lists of variable length: what the HDF5 library wrote, read without it."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.event_files import ragged
from trainers.data.events import hdf5_lists
from trainers.data.events.hdf5_lists import (
    COLLECTIONS_KEPT,
    HEADER_BYTES,
    SIGNATURE,
    Hdf5Lists,
)
from trainers.errors import DataError

RANDOM = np.random.default_rng(0)
LISTS = [RANDOM.integers(0, 1000, number) for number in (30, 0, 1, 4000, 7, 31)]
"""One is longer than the collections that the library begins with."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a dataset to replace."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["lists"] = 0
    return tmp_path / "a.h5"


@contextmanager
def opened(path: Path) -> Iterator[Hdf5Lists]:
    """The dataset `lists` of a file."""
    with (
        h5py.File(path, "r") as file,
        path.open("rb") as raw,
        mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield Hdf5Lists(path, content, file["lists"])


def read(path: Path) -> list[list[int]]:
    """All lists."""
    with opened(path) as lists:
        return [
            np.frombuffer(lists.list_bytes(index, 2), "<u2").tolist() for index in range(len(lists))
        ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (4,)},
        {"chunks": (1,), "compression": "gzip"},
        {"chunks": (4,), "compression": "gzip", "shuffle": True},
        {"chunks": (6,), "shuffle": True},
        {"maxshape": (None,)},
    ],
)
def test_every_usual_way_of_storage_is_read(path: Path, options: dict[str, Any]) -> None:
    """In one piece, in chunks, packed, shuffled, growing."""
    ragged(path, "lists", LISTS, "<u2", **options)
    assert read(path) == [values.tolist() for values in LISTS]


def test_more_collections_than_are_kept(path: Path) -> None:
    """In any order, forwards and back."""
    lists = [RANDOM.integers(0, 1000, 3000) for _ in range(COLLECTIONS_KEPT + 5)]
    ragged(path, "lists", lists, "<u2")
    with opened(path) as found:
        for index in (*range(len(lists)), *reversed(range(len(lists)))):
            assert found.list_bytes(index, 2) == lists[index].astype("<u2").tobytes()


@pytest.mark.parametrize("options", [{"chunks": (4,), "compression": "lzf"}])
def test_unusual_packing_is_refused(path: Path, options: dict[str, Any]) -> None:
    """Only zlib's is known."""
    ragged(path, "lists", LISTS, "<u2", **options)
    with pytest.raises(DataError, match=r"a\.h5: 'lists': is stored in an unusual way"):
        read(path)


def test_chunks_that_could_unpack_to_gigabytes_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their number of rows, before anything is unpacked; here a smaller limit."""
    assert hdf5_lists.CHUNK_ROWS_MAX * HEADER_BYTES == 64 << 20
    monkeypatch.setattr(hdf5_lists, "CHUNK_ROWS_MAX", 3)
    ragged(path, "lists", LISTS, "<u2", chunks=(4,), compression="gzip")
    with pytest.raises(DataError, match="'lists': chunks of 4 lists, more than 3"):
        read(path)


def test_a_dataset_that_was_never_written_is_refused(path: Path) -> None:
    """It has a shape, but no place in the file."""
    with h5py.File(path, "a") as file:
        del file["lists"]
        file.create_dataset("lists", (3,), h5py.vlen_dtype(np.uint16), chunks=(2,))
    with pytest.raises(DataError, match=r"a\.h5: 'lists': lies outside the file"):
        read(path)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0, b"X"), (8, b"\xff" * 6), (8, bytes(8)), (24, b"\xff" * 8), (24, bytes(8)), (16, b"\x63")],
    ids=["no heap", "past the file", "no size", "object too long", "object too short", "number"],
)
def test_a_damaged_heap_is_named(path: Path, offset: int, value: bytes) -> None:
    """The HDF5 library would stand still or end the process."""
    content = bytearray(ragged(path, "lists", LISTS, "<u2").read_bytes())
    at = content.find(SIGNATURE)
    content[at + offset : at + offset + len(value)] = value
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"list \d+ isn't in the heap at byte {at:,}\. Unpack"):
        read(path)


def test_a_list_of_another_length_is_refused(path: Path) -> None:
    """The entry promises one value more than its object holds."""
    content = bytearray(ragged(path, "lists", LISTS, "<u2").read_bytes())
    with h5py.File(path, "r") as file:
        at = file["lists"].id.get_offset()
    content[at] += 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="list 0 isn't in the heap"):
        read(path)


def test_an_object_beyond_its_collection_is_refused(path: Path) -> None:
    """Although the entry agrees with it."""
    content = bytearray(ragged(path, "lists", LISTS[:1], "<u2").read_bytes())
    with h5py.File(path, "r") as file:
        entry = file["lists"].id.get_offset()
    at = content.find(SIGNATURE)
    content[entry : entry + 4] = (2500).to_bytes(4, "little")
    content[at + 24 : at + 32] = (5000).to_bytes(8, "little")
    path.write_bytes(bytes(content) + bytes(5000))
    with pytest.raises(DataError, match="list 0 isn't in the heap"):
        read(path)
