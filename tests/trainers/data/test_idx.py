"""IDX files: read exactly, or refused in one line without allocating what they promise."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.byte_images import idx_bytes, random_images, write_idx
from tests.damaged_files import damaged, refusal
from trainers.data.idx import MAX_BYTES, read_images, read_labels
from trainers.errors import DataError

PIXELS, LABELS = random_images(40, (5, 7))
PLAIN, PACKED = idx_bytes(PIXELS), gzip.compress(idx_bytes(PIXELS), mtime=0)


def refused(path: Path, message: str) -> None:
    """Reading images fails in one line that starts with the file, with next to no memory."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message) as error:
            read_images(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert peak < 4e6


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_images_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    """Shape from the header, pixels row by row, as numpy reads them behind 16 bytes of header."""
    path = write_idx(tmp_path / name, PIXELS)
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    expected = np.frombuffer(raw, np.uint8, offset=16).reshape(40, 5, 7)
    np.testing.assert_array_equal(read_images(path), expected)
    np.testing.assert_array_equal(read_images(path), PIXELS)


@pytest.mark.parametrize("name", ["labels", "labels.gz"])
def test_labels_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    """One axis."""
    np.testing.assert_array_equal(read_labels(write_idx(tmp_path / name, LABELS)), LABELS)


def test_a_file_larger_than_one_block_is_read_whole(tmp_path: Path) -> None:
    """3 MB arrive in several pieces."""
    pixels, _ = random_images(3, (1000, 1000))
    np.testing.assert_array_equal(read_images(write_idx(tmp_path / "i.gz", pixels)), pixels)


def test_images_and_labels_are_told_apart(tmp_path: Path) -> None:
    """By their magic numbers, both shown."""
    labels = write_idx(tmp_path / "labels", LABELS)
    refused(labels, "starts with 0x00000801, expected 0x00000803 and 3 sizes, .* of images")
    with pytest.raises(DataError, match=r"starts with 0x00000803, expected 0x00000801 and 1 sizes"):
        read_labels(write_idx(tmp_path / "images", PIXELS))


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08\x03", PLAIN[:15], PACKED])
def test_files_of_another_kind(tmp_path: Path, content: bytes) -> None:
    """Empty, cut inside the header, or packed under a plain name."""
    (tmp_path / "images").write_bytes(content)
    refused(tmp_path / "images", f"starts with 0x{content[:4].hex()}, expected")


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_more_or_less_than_the_header_says(tmp_path: Path, name: str) -> None:
    """A byte too few, a byte too many; the message has promise and content."""
    path = tmp_path / name
    promise = "40 images x 5 rows x 7 columns, 1,400 bytes, but it holds"
    for content, held in ((PLAIN[:-1], "1,399"), (PLAIN + b"x", "more"), (PLAIN[:16], "0")):
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        refused(path, f"{promise} {held}")


def header(*sizes: int) -> bytes:
    """The header of an IDX file of images."""
    return b"\x00\x00\x08\x03" + b"".join(size.to_bytes(4, "big") for size in sizes)


@pytest.mark.parametrize("sizes", [(0, 5, 7), (40, 0, 7), (2**32 - 1,) * 3, (2, 2**15, 2**15 + 1)])
def test_sizes_beyond_the_limits_are_refused_before_reading(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    """Nothing at all, or more than 2 GiB."""
    (tmp_path / "images").write_bytes(header(*sizes))
    refused(tmp_path / "images", f"at least one of each and at most {MAX_BYTES:,} bytes")


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_a_promise_alone_allocates_nothing(tmp_path: Path, name: str) -> None:
    """2 GiB promised, 100 bytes there."""
    content = header(2, 2**15, 2**15) + bytes(100)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    refused(path, "2,147,483,648 bytes, but it holds 100")


def test_a_bomb_is_unpacked_no_further_than_its_header(tmp_path: Path) -> None:
    """300 MB of zeros behind a header of 35 bytes: the 36th ends the reading."""
    (tmp_path / "i.gz").write_bytes(gzip.compress(header(1, 5, 7) + bytes(300_000_000), 1))
    refused(tmp_path / "i.gz", "35 bytes, but it holds more")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    """With the system's own words."""
    refused(tmp_path / "none.gz", "can't be read as an IDX file .No such file or directory.")
    refused(tmp_path, "can't be read as an IDX file .Is a directory.")


def read_or_refuse(path: Path, content: bytes) -> NDArray[np.uint8] | None:
    """Images of a file with this content, None if it is refused; little memory either way."""
    path.write_bytes(content)
    return read_images(path) if refusal(lambda: read_images(path), path, 4e6) is None else None


@settings(max_examples=150, deadline=None)
@given(content=damaged(PACKED))
def test_damage_to_a_packed_file_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whatever byte changes: the images are as they were, or the file is refused."""
    found = read_or_refuse(tmp_path_factory.getbasetemp() / "damaged.gz", content)
    assert found is None or np.array_equal(found, PIXELS)


@settings(max_examples=150, deadline=None)
@given(content=damaged(PLAIN))
def test_damage_to_a_plain_file_is_noticed_where_it_can_be(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """A plain file has no checksum: sizes and header must fit, pixels are taken as they are."""
    found = read_or_refuse(tmp_path_factory.getbasetemp() / "damaged", content)
    if len(content) != len(PLAIN):
        assert found is None
    if found is not None:
        assert found.size == PIXELS.size
        assert found.tobytes() == content[16:]


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_any_shape_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Random numbers of images, rows and columns."""
    shape = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    pixels, _ = random_images(shape[0], shape[1:])
    path = write_idx(tmp_path_factory.getbasetemp() / "any", pixels)
    np.testing.assert_array_equal(read_images(path), pixels)
