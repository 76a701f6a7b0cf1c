"""Strings of HDF5 files: no room is made for what an entry merely claims."""

import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from export.chip.hdf5_guard import open_hdf5
from export.hdf5_strings import refuse_false_lengths
from export.nir_file import read_nir, write_nir
from tests.frozen_networks import conv_network
from trainers.errors import FileError

WORDS = ["a", "", "some words", "x" * 300, "end"]
LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (2,)},
    "deflated": {"chunks": (5,), "compression": "gzip"},
}


def written(path: Path, **options: Any) -> Path:
    """A file with some words."""
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.array(WORDS, dtype=h5py.string_dtype()), **options)
    return path


def check(path: Path) -> None:
    """Checks its words."""
    with h5py.File(path, "r") as file:
        refuse_false_lengths(path, file["x"])


def claim(path: Path, word: int, length: int, *, deflated: bool = False) -> None:
    """The entry of a word says another length."""
    content = path.read_bytes()
    start = content.find(b"GCOL")
    entry = struct.pack("<IQ", len(WORDS[word]), start)
    if deflated:
        begin = next(at for at in range(len(content)) if entry in inflated(content[at:]))
        old = inflated(content[begin:])
        new = zlib.compress(old.replace(entry, struct.pack("<IQ", length, start)), 9)
        with h5py.File(path, "r+") as file:
            file["x"].id.write_direct_chunk((0,), new)
        return
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, struct.pack("<IQ", length, start)))


def inflated(content: bytes) -> bytes:
    """What a deflated block at the beginning holds; nothing where none begins."""
    try:
        return zlib.decompressobj().decompress(content)
    except zlib.error:
        return b""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sound_words_pass(layout: str, tmp_path: Path) -> None:
    """Empty ones too, in every layout that h5py writes."""
    check(written(tmp_path / "a.h5", **LAYOUTS[layout]))


def test_a_user_block_moves_addresses(tmp_path: Path) -> None:
    """Addresses in a file count from behind it."""
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=1024) as file:
        file["x"] = np.array(WORDS, dtype=h5py.string_dtype())
    check(tmp_path / "a.h5")


def test_false_lengths_behind_a_user_block(tmp_path: Path) -> None:
    """Their objects are found all the same."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file["x"] = np.array(WORDS, dtype=h5py.string_dtype())
    content = path.read_bytes()
    entry = struct.pack("<IQ", 10, content.find(b"GCOL") - 1024)
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, b"\xff" * 4 + entry[4:]))
    with pytest.raises(FileError, match="claims a string of 4,294,967,295 bytes"):
        check(path)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("length", [11, 4096, (1 << 32) - 1])
def test_false_lengths_are_refused(layout: str, length: int, tmp_path: Path) -> None:
    """One byte more than is stored is a lie, and so are 4 GiB."""
    path = written(tmp_path / "a.h5", **LAYOUTS[layout])
    claim(path, 2, length, deflated=layout == "deflated")
    message = rf"a\.h5: '/x' claims a string of {length:,} bytes, but stores 10"
    with pytest.raises(FileError, match=message):
        check(path)


def test_readers_make_no_room_for_them(tmp_path: Path) -> None:
    """Neither NIR files nor chip files: refused by the entry, not by the library."""
    path = tmp_path / "a.nir"
    write_nir(conv_network(channels=(2, 3)), path)
    content = path.read_bytes()
    start = content.find(b"GCOL")
    entry = struct.pack("<IQI", 4, start, 1)
    length = int.from_bytes(content[content.find(struct.pack("<QI", start, 1)) - 4 :][:4], "little")
    entry = struct.pack("<IQI", length, start, 1)
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, struct.pack("<IQI", (1 << 32) - 1, start, 1)))
    tracemalloc.start()
    with pytest.raises(FileError, match=r"claims a string of 4,294,967,295 bytes"):
        read_nir(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


def test_lists_are_no_text(tmp_path: Path) -> None:
    """What a damaged string may turn into isn't read at all."""
    with h5py.File(tmp_path / "a.net", "w") as file:
        lists = file.create_dataset("x", (1,), dtype=h5py.vlen_dtype(np.dtype("f4")))
        lists[0] = np.ones(3, dtype=np.float32)
    refused = pytest.raises(FileError, match="'x' isn't one short string")
    with open_hdf5(tmp_path / "a.net", "Write it again") as root, refused:
        root.text("x")


def test_chip_files_too(tmp_path: Path) -> None:
    """Their texts are single strings."""
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as file:
        file["x"] = "string"
    content = path.read_bytes()
    entry = struct.pack("<IQI", 6, content.find(b"GCOL"), 1)
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, b"\xff" * 4 + entry[4:]))
    with open_hdf5(path, "Write it again") as root, pytest.raises(FileError, match="but stores 6"):
        root.text("x")
