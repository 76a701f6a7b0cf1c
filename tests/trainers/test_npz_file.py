"""Array files from strangers: read whole, or refused in one line before anything is allocated."""

import io
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.full_disk import full_disk
from trainers.errors import FileError
from trainers.npz_file import MAX_BYTES, npz_shapes, read_npz, write_npz

ARRAYS: dict[str, NDArray[Any]] = {
    "spikes": np.arange(600, dtype=np.int64).reshape(3, 4, 50),
    "inputs": np.random.default_rng(0).random((7, 5), dtype=np.float32),
    "flags": np.array([True, False]),
    "names": np.array(["l001_lif", "output"]),
    "empty": np.zeros((0, 3)),
    "scalar": np.array(2.5),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with arrays of every kind."""
    write_npz(tmp_path / "a.npz", ARRAYS)
    return tmp_path / "a.npz"


def member(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy member with this header."""
    text = header.encode().ljust(64) + b"\n"
    size = len(text).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + version + size + text + data


def claiming(shape: str, dtype: str = "<f8") -> str:
    """The header of an array that claims this shape."""
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"


def archive(path: Path, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    """A zip file with these members."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def refused(path: Path, message: str, names: tuple[str, ...] | None = None) -> None:
    """Reading fails in one line that names the file, having allocated next to nothing."""
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=message) as error:
            read_npz(path, names)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert peak < 4e6


def test_arrays_survive_the_file(path: Path) -> None:
    """Values, shapes, dtypes and names come back; nothing else lies in the folder."""
    found = read_npz(path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
    assert os.listdir(path.parent) == ["a.npz"]


def test_numpy_reads_what_we_write_and_we_read_what_numpy_writes(path: Path) -> None:
    """The format is numpy's, compressed or not."""
    with np.load(path) as content:
        np.testing.assert_array_equal(content["spikes"], ARRAYS["spikes"])
    np.savez(path, x=ARRAYS["inputs"])
    np.testing.assert_array_equal(read_npz(path)["x"], ARRAYS["inputs"])


def test_only_the_wanted_arrays_are_read(path: Path) -> None:
    """In the order they were asked for."""
    assert list(read_npz(path, ("scalar", "flags"))) == ["scalar", "flags"]


def test_shapes_are_known_without_reading(path: Path) -> None:
    """Of every array; a damaged file is refused as by `read_npz`."""
    expected = {name: (array.shape, array.dtype) for name, array in ARRAYS.items()}
    assert npz_shapes(path) == expected
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileError, match=r"a\.npz: isn't a readable \.npz file"):
        npz_shapes(path)
    with pytest.raises(FileError, match=r"b\.npz: no such file"):
        npz_shapes(path.with_name("b.npz"))


def test_any_file_name_will_do(tmp_path: Path) -> None:
    """Left alone, numpy adds .npz to a name without it and writes somewhere else."""
    write_npz(tmp_path / "samples", {"x": np.ones(3)})
    assert os.listdir(tmp_path) == ["samples"]
    np.testing.assert_array_equal(read_npz(tmp_path / "samples")["x"], np.ones(3))


def test_a_missing_array_is_named_with_those_that_are_there(path: Path) -> None:
    """The message lists what the file holds."""
    refused(path, r"no array 'chip_inputs'; it holds empty, flags,", ("spikes", "chip_inputs"))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    """Neither nothing nor a folder is an array file."""
    refused(tmp_path / "none.npz", "no such file")
    refused(tmp_path, "no such file")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_truncated_files(path: Path, share: float) -> None:
    """However much is left of it, a truncated file isn't read."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, "isn't a readable .npz file")


def test_damage_anywhere_is_one_line(path: Path) -> None:
    """Any byte may change: the arrays come back as they were, or the file is refused."""
    content, rng = path.read_bytes(), np.random.default_rng(0)
    outcomes = []
    for place in rng.integers(0, len(content), size=300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            found = read_npz(path)
        except FileError:
            outcomes.append("refused")
        else:
            outcomes.append("read")
            for name in found.keys() & ARRAYS.keys():
                np.testing.assert_array_equal(found[name], ARRAYS[name])
    assert outcomes.count("refused") > 100


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x93NUMPY\x01\x00" + b"x" * 200])
def test_files_of_another_kind(tmp_path: Path, content: bytes) -> None:
    """An empty file, text, a lone .npy."""
    (tmp_path / "a.npz").write_bytes(content)
    refused(tmp_path / "a.npz", "isn't a readable .npz file")


class Trap:
    """Unpickling this would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickle runs."""
        return (Path.touch, (self.path,))


def test_objects_are_refused_without_running_their_code(tmp_path: Path) -> None:
    """A pickle inside an array file runs code when it is loaded; it isn't loaded."""
    trap = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(trap)))  # noqa: S301
    assert trap.exists()
    trap.unlink()
    np.savez(tmp_path / "a.npz", good=np.ones(3), bad=np.array([Trap(trap)], dtype=object))
    refused(tmp_path / "a.npz", "array 'bad' holds Python objects")
    refused(tmp_path / "a.npz", "array 'bad' holds Python objects", ("good",))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ("(1000000, 1000000)", "<f8"),
        ("(4294967296, 4294967296, 4294967296)", "<f8"),
        ("(3,)", "<U1000000"),
        ("(-4, -5)", "<f8"),
        ("(21,)", "<f8"),
        ("(19,)", "<f8"),
    ],
)
def test_a_header_must_fit_its_member(tmp_path: Path, shape: str, dtype: str) -> None:
    """Terabytes on paper, products that overflow, negative and slightly wrong sizes."""
    content = member(claiming(shape, dtype), bytes(160))
    refused(archive(tmp_path / "a.npz", x=content), "array 'x' claims shape .*member holds 160")


def test_a_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    """Members as long as their headers say, but 16 GiB together: refused before the first one."""
    path, elements = tmp_path / "a.npz", MAX_BYTES // 16 + 1
    header = member(claiming(f"({elements},)"))
    with zipfile.ZipFile(path, "w") as file:
        for name in ("x.npy", "y.npy"):
            info = zipfile.ZipInfo(name)
            file.writestr(info, header)
            info.file_size = len(header) + 8 * elements
    refused(path, f"its arrays claim {16 * elements:,} bytes, more than {MAX_BYTES:,}")


def test_more_in_the_stream_than_the_directory_says(tmp_path: Path) -> None:
    """A member that inflates to 200 MB while the directory says 160 bytes stays at 160."""
    path, plain = tmp_path / "a.npz", member(claiming("(20,)"), bytes(160))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo("x.npy")
        info.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(info, plain + bytes(200_000_000))
        info.file_size = len(plain)
    refused(path, "isn't a readable .npz file .*CRC")


def test_long_headers_are_not_read(tmp_path: Path) -> None:
    """Version 2 allows a header of 4 GiB, which numpy would read before judging it."""
    content = member(claiming("(20,)") + " " * 5_000_000, bytes(160), version=b"\x02\x00")
    refused(archive(tmp_path / "a.npz", x=content), r"array 'x': .npy version \(2, 0\)")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'shape': (20,)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (20,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2e1,), }",
        "__import__('os').system('true')",
        "((" * 4000,
        "-" * 9000 + "1",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (20L,), ",
    ],
)
def test_headers_that_make_no_sense(tmp_path: Path, header: str) -> None:
    """Whatever Python's parser says to them, the answer is one line."""
    refused(archive(tmp_path / "a.npz", x=member(header, bytes(160))), "isn't a readable .npz file")


def test_unusual_archives(tmp_path: Path) -> None:
    """Two arrays of one name, and methods whose working memory the file chooses."""
    content = member(claiming("(20,)"), bytes(160))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("x.npy", content)
        file.writestr("x", content)
    refused(tmp_path / "a.npz", "two arrays are called 'x'")
    refused(archive(tmp_path / "b.npz", zipfile.ZIP_LZMA, x=content), "compressed in an unusual")


@pytest.mark.parametrize("size", [0, 100, 3000])
def test_a_full_disk_leaves_the_old_file(path: Path, size: int) -> None:
    """Writing fails in one line; the file of before stands and nothing lies beside it."""
    before = path.read_bytes()
    noise = np.random.default_rng(0).random(5000)
    with full_disk(size), pytest.raises(FileError, match=r"a\.npz: can't be written"):
        write_npz(path, {"x": noise})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a.npz"]
    with full_disk(size), pytest.raises(FileError, match=r"b\.npz: can't be written"):
        write_npz(path.with_name("b.npz"), {"x": noise})
    assert os.listdir(path.parent) == ["a.npz"]


def test_equal_arrays_make_equal_files(tmp_path: Path) -> None:
    """The manifest hashes files, so the same run must write the same bytes."""
    for name in ("a.npz", "b.npz"):
        write_npz(tmp_path / name, ARRAYS)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO((tmp_path / "a.npz").read_bytes())) as file:
        assert file.testzip() is None


def test_only_what_is_read_whole_is_limited(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large array that is read by rows doesn't keep a small one from being read."""
    monkeypatch.setattr("trainers.npz_file.MAX_BYTES", 200)
    assert npz_shapes(path, whole=())["spikes"][0] == (3, 4, 50)
    assert read_npz(path, ("inputs",))["inputs"].shape == (7, 5)
    for whole in (None, ("flags", "spikes")):
        with pytest.raises(FileError, match="more than 200"):
            npz_shapes(path, whole=whole)
    with pytest.raises(FileError, match="claim 4,802 bytes, more than 200"):
        read_npz(path, ("flags", "spikes"))
