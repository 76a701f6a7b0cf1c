"""An array of an .npz file by rows is what numpy reads whole, in the memory of the rows."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.full_disk import full_disk
from trainers import npz_rows
from trainers.errors import FileError
from trainers.npz_rows import RowsInFile, open_rows

VALUES = np.random.default_rng(1).integers(-900, 900, (41, 3, 2), dtype=np.int16)


def saved(folder: Path, *, compressed: bool, **arrays: NDArray[Any]) -> Path:
    """An .npz file as numpy writes it, other arrays before and after."""
    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    save(folder / "a.npz", before=np.arange(7), **arrays, after=np.ones(3))
    return folder / "a.npz"


@pytest.fixture(params=["stored", "in memory", "in a file"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stored as it is, and compressed: small enough for memory, and not."""
    if request.param == "in a file":
        monkeypatch.setattr(npz_rows, "SMALL_BYTES", 100)
    return saved(tmp_path, compressed=request.param != "stored", values=VALUES)


@pytest.mark.parametrize("rows", [slice(0, 5), slice(7, 41), slice(40, 99), slice(3, 3), slice(6)])
def test_rows_are_the_array_s(path: Path, rows: slice) -> None:
    """Any rows that follow each other, and rows of rows."""
    with open_rows(path, "values", scratch=path.parent) as array:
        assert (array.shape, array.ndim, len(array)) == ((41, 3, 2), 3, 41)
        assert array.dtype == np.int16
        assert np.array_equal(array[rows], VALUES[rows])
        part = array.part(slice(5, 30))
        assert part.shape == (25, 3, 2)
        assert np.array_equal(part[rows], VALUES[5:30][rows])
    assert [file.name for file in path.parent.iterdir()] == ["a.npz"]


@given(
    dtype=st.sampled_from(["<i8", ">i4", "|b1", "|u1", ">u2"]),
    shape=st.lists(st.integers(1, 4), max_size=3),
    compressed=st.booleans(),
)
def test_any_integers(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, shape: list[int], compressed: bool
) -> None:
    """Any byte order comes out in the machine's own."""
    values = np.random.default_rng(2).integers(0, 120, (5, *shape)).astype(dtype)
    path = saved(tmp_path_factory.mktemp("rows"), compressed=compressed, values=values)
    with open_rows(path, "values", scratch=path.parent) as array:
        part = array[1:4]
    assert np.array_equal(part, values[1:4])
    assert part.dtype.isnative


def test_memory_is_that_of_the_rows(tmp_path: Path) -> None:
    """A few of 30 MB are read."""
    path = saved(tmp_path, compressed=False, values=np.ones((3000, 10_000), np.uint8))
    tracemalloc.start()
    with open_rows(path, "values", scratch=tmp_path) as array:
        assert array[2990:].sum() == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_refused_arrays(tmp_path: Path) -> None:
    """What has no rows, isn't there or holds objects is named."""
    wrong: dict[str, tuple[Any, str]] = {
        "single": (np.array(3), "'single' is a single value"),
        "columns": (np.asfortranarray(VALUES[:, :, 0]), "'columns' is stored column by column"),
        "objects": (np.array([{}], dtype=object), "'objects' holds Python objects"),
    }
    for name, (array, message) in wrong.items():
        path = saved(tmp_path, compressed=False, **{name: array})
        with pytest.raises(FileError, match=message), open_rows(path, name, scratch=tmp_path):
            pass
    with (
        pytest.raises(FileError, match="no array 'nosuch'; it holds after, before, objects"),
        open_rows(tmp_path / "a.npz", "nosuch", scratch=tmp_path),
    ):
        pass


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_short(tmp_path: Path, compressed: bool) -> None:
    """Before it is opened, or, where rows are read from it, while it is."""
    path = saved(tmp_path, compressed=compressed, values=VALUES)
    content = path.read_bytes()
    path.write_bytes(content[:-60])
    with pytest.raises(FileError, match=r"a\.npz"), open_rows(path, "values", scratch=tmp_path):
        pass
    path.write_bytes(content)
    with open_rows(path, "values", scratch=tmp_path) as array:
        path.write_bytes(content[:100])
        if compressed:
            assert np.array_equal(array[:], VALUES)
        else:
            with pytest.raises(FileError, match="ends within its arrays"):
                array[:]


def test_damage_within_a_compressed_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive's checksum is held to, in memory and in a file."""
    path = saved(tmp_path, compressed=True, values=VALUES)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("values.npy")
    content[entry.header_offset + 200] ^= 0xFF
    path.write_bytes(content)
    for small in (1 << 20, 10):
        monkeypatch.setattr(npz_rows, "SMALL_BYTES", small)
        with (
            pytest.raises(FileError, match="isn't a readable"),
            open_rows(path, "values", scratch=tmp_path),
        ):
            pass


def test_no_room_to_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is its own error, not damage of the file; nothing is left."""
    monkeypatch.setattr(npz_rows, "SMALL_BYTES", 10)
    path = saved(tmp_path, compressed=True, values=np.zeros((3000, 1000), np.uint8))
    with (
        full_disk(1_500_000),
        pytest.raises(FileError, match="can't be written"),
        open_rows(path, "values", scratch=tmp_path),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_an_array_larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its claim is held to the free space before a byte is written."""
    monkeypatch.setattr(npz_rows, "SMALL_BYTES", 10)
    usage = type("Usage", (), {"free": 200})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    path = saved(tmp_path, compressed=True, values=VALUES)
    with (
        pytest.raises(FileError, match=r"unpacks to \d+ bytes, but .* has 200 free"),
        open_rows(path, "values", scratch=tmp_path),
    ):
        pass


def test_errors_of_the_caller_stay_theirs(tmp_path: Path) -> None:
    """What goes wrong while rows are used isn't taken for damage of the file."""
    path = saved(tmp_path, compressed=True, values=VALUES)
    with pytest.raises(ValueError, match="of mine"), open_rows(path, "values", scratch=tmp_path):
        raise ValueError("of mine")


def test_damage_within_a_stored_array(tmp_path: Path) -> None:
    """The checksum is held to before a row is given, wherever the byte lies."""
    path = saved(tmp_path, compressed=False, values=np.zeros((300, 4000), np.uint8))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("values.npy").header_offset
    for place in (400, 600_000, 1_200_000):
        damaged = bytearray(content)
        damaged[start + place] ^= 1
        path.write_bytes(damaged)
        with (
            pytest.raises(FileError, match=r"isn't a readable .*Bad CRC-32"),
            open_rows(path, "values", scratch=tmp_path),
        ):
            pass


def test_a_stored_array_of_two_lengths(tmp_path: Path) -> None:
    """What is stored as it is can't take fewer bytes than it has."""
    values = np.zeros((300, 4000), np.uint8)
    with zipfile.ZipFile(saved(tmp_path, compressed=False, values=values)) as archive:
        content = archive.read("values.npy")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        info = zipfile.ZipInfo("values.npy")
        archive.writestr(info, content)
        info.compress_size -= 1
    with (
        pytest.raises(FileError, match=r"takes 1,200,127 bytes as stored, but claims 1,200,128"),
        open_rows(tmp_path / "b.npz", "values", scratch=tmp_path),
    ):
        pass


def test_a_disk_that_fails_later(tmp_path: Path) -> None:
    """One line with the system's reason."""

    class Failing(io.BytesIO):
        def readinto(self, buffer: object) -> int:
            raise OSError(5, "Input/output error")

    rows = RowsInFile(tmp_path / "a.npz", Failing(), 0, (3, 2), np.dtype(np.int16), 0)
    with pytest.raises(FileError, match=r"a\.npz: can't be read \(Input/output error\)"):
        rows[:]
