"""Files as an array: the same numbers as in memory, and no file read that nobody asked for."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.image_folders import picture, write_part
from trainers.data import lazy_images
from trainers.data.image_file import read_image
from trainers.data.image_listing import list_images
from trainers.data.lazy_images import LazyImages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images of each of three classes."""
    write_part(tmp_path, 4)
    return tmp_path


def lazy(folder: Path, rows: list[int] | None = None) -> LazyImages:
    """All images of a folder, or some."""
    chosen = np.arange(12) if rows is None else np.array(rows)
    return LazyImages(list_images(folder, ""), chosen, 14, 3)


def test_values_are_the_pixels_over_255(folder: Path) -> None:
    """A PNG of 16 x 16 cut to its inner 14 x 14, divided in float32."""
    found = lazy(folder)[[6]]
    expected = picture(1, 2)[1:15, 1:15].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected[None])


def test_it_is_indexed_like_the_array_of_all_its_images(folder: Path) -> None:
    """By slices, lists and arrays of rows: in their order, with repetitions, from the end."""
    inputs = lazy(folder)
    files = list_images(folder, "")
    whole = np.stack([read_image(files.path(index), 14, 3) for index in range(12)]) / np.float32(
        255
    )
    assert (inputs.shape, len(inputs), inputs.dtype) == (whole.shape, 12, whole.dtype)
    for rows in (slice(None), slice(2, 5), slice(10, 99), slice(None, None, -3), slice(4, 4)):
        np.testing.assert_array_equal(inputs[rows], whole[rows])
    for picked in ([3], [7, 0, 7], [-1, 2], list[int]()):
        np.testing.assert_array_equal(inputs[picked], whole[np.array(picked, np.intp)])
        np.testing.assert_array_equal(inputs[np.array(picked, np.intp)], inputs[picked])
    with pytest.raises(IndexError):
        inputs[[12]]


def test_a_part_has_rows_of_its_own(folder: Path) -> None:
    """Row i is the i-th of those it was given."""
    np.testing.assert_array_equal(lazy(folder, [9, 4, 2])[[1, 2]], lazy(folder)[[4, 2]])


def test_only_the_files_asked_for_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None when it is made or looked at, then one per row."""
    read: list[str] = []

    def reading(
        path: Path, size: int, channels: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        read.append(path.name)
        return read_image(path, size, channels)

    monkeypatch.setattr(lazy_images, "read_image", reading)
    inputs = lazy(folder)
    assert inputs.shape == (12, 3, 14, 14)
    assert read == []
    inputs[[5, 2]]
    assert read == ["0001.JPEG", "0002.png"]


def test_it_travels_to_another_process(folder: Path) -> None:
    """Where processes are spawned rather than forked, by pickling."""
    inputs = lazy(folder)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(inputs))[:], inputs[:])  # noqa: S301
