"""Folders of IDX files: found by their usual names, refused with what is wrong."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.byte_images import NAMES, Bytes, idx_bytes, random_images, write_folder, write_idx
from tests.damaged_files import damaged, refusal
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

TRAIN, TEST = random_images(60, seed=1), random_images(20, seed=2)
EMNIST = tuple(f"emnist-letters-{name.replace('t10k', 'test')}.gz" for name in NAMES)


def loaded(folder: Path, **options: Any) -> DataSplits:
    """The data set with few enough validation samples."""
    return load_data("idx-folder", path=folder, **{"validation_samples": 10, **options})


def as_bytes(inputs: Any) -> Bytes:
    """Pixels again."""
    pixels: Bytes = np.round(inputs * 255).astype(np.uint8)
    return pixels


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        tuple(f"{name}.gz" for name in NAMES),
        tuple(name.replace("-idx", ".idx") for name in NAMES),
        EMNIST,
    ],
)
def test_the_usual_names_are_found(tmp_path: Path, names: tuple[str, ...]) -> None:
    """MNIST's, packed, with a dot, and EMNIST's."""
    found = loaded(write_folder(tmp_path / "set", TRAIN, TEST, names))
    np.testing.assert_array_equal(as_bytes(found.test.inputs), TEST[0][:, None])
    np.testing.assert_array_equal(found.test.labels, TEST[1])
    assert len(found.train) + len(found.validation) == 60
    assert found.classes == tuple("0123456789")
    assert (found.sample_shape, found.form) == ((1, 28, 28), "static")


def test_a_prefix_chooses_among_several_sets(tmp_path: Path) -> None:
    """Without it, the folder is ambiguous, and the message names the files."""
    write_folder(tmp_path, TRAIN, TEST, EMNIST)
    digits = tuple(name.replace("letters", "digits") for name in EMNIST)
    write_folder(tmp_path, TRAIN, random_images(30), digits)
    assert len(loaded(tmp_path, prefix="emnist-digits").test) == 30
    assert len(loaded(tmp_path, prefix="emnist-letters").test) == 20
    with pytest.raises(DataError, match="2 files of train images: emnist-digits-train-images-idx3"):
        loaded(tmp_path)
    with pytest.raises(DataError, match="no file of train images whose name starts with 'kmnist'"):
        loaded(tmp_path, prefix="kmnist")


def test_a_plain_file_goes_before_its_packed_twin(tmp_path: Path) -> None:
    """Both lie there after `gunzip --keep`; here only the packed one is damaged."""
    write_folder(tmp_path, TRAIN, TEST)
    (tmp_path / f"{NAMES[0]}.gz").write_bytes(b"damaged")
    assert len(loaded(tmp_path).test) == 20


def test_labels_that_start_at_one_become_classes(tmp_path: Path) -> None:
    """EMNIST letters are 1 to 26; their names stay, their numbers start at 0."""
    folder = write_folder(tmp_path, (TRAIN[0], TRAIN[1] + 1), (TEST[0], TEST[1] + 1))
    found = loaded(folder)
    assert found.classes == tuple(str(label) for label in range(1, 11))
    np.testing.assert_array_equal(found.test.labels, TEST[1])
    assert np.bincount(found.train.labels).tolist() == [5] * 10


def test_transposed_images_are_turned(tmp_path: Path) -> None:
    """EMNIST's columns are rows."""
    folder = write_folder(tmp_path, TRAIN, TEST)
    found = loaded(folder, transposed=True)
    np.testing.assert_array_equal(as_bytes(found.test.inputs[:][:, 0]), TEST[0].transpose(0, 2, 1))


def test_size_and_rows(tmp_path: Path) -> None:
    """Padded first, then row by row."""
    found = loaded(write_folder(tmp_path, TRAIN, TEST), image_size=32, form="rows")
    assert (found.sample_shape, found.form) == ((32,), "sequence")
    expected = np.pad(TEST[0], ((0, 0), (2, 2), (2, 2)))
    np.testing.assert_array_equal(as_bytes(found.test.inputs), expected)


@pytest.mark.parametrize("size", [26, 29])
def test_a_size_that_cannot_be_padded_to_is_refused(tmp_path: Path, size: int) -> None:
    """Smaller, or larger by an odd number."""
    with pytest.raises(DataError, match=rf"images of 28x28 can't be padded .* {size}\. Choose"):
        loaded(write_folder(tmp_path, TRAIN, TEST), image_size=size)


def test_the_folder_must_be_named() -> None:
    """There is no default."""
    with pytest.raises(ConfigError, match="path: field required"):
        load_data("idx-folder")


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_file_is_named_with_the_four_expected(tmp_path: Path, missing: int) -> None:
    """Whichever it is."""
    write_folder(tmp_path, TRAIN, TEST)
    (tmp_path / NAMES[missing]).unlink()
    kind = ("train images", "train labels", "t10k images", "t10k labels")[missing]
    with pytest.raises(DataError, match=rf"no file of {kind}\. Expected are") as error:
        loaded(tmp_path)
    assert all(name in str(error.value) for name in NAMES)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """As an empty one, and as a file."""
    for path in (tmp_path / "none", write_idx(tmp_path / NAMES[0], TRAIN[0])):
        with pytest.raises(DataError, match="no file of train images"):
            loaded(path)


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    """Numbers, image sizes and labels of another set."""
    folder = write_folder(tmp_path, (TRAIN[0], TRAIN[1][:59]), TEST)
    with pytest.raises(DataError, match=r"60 images, but train-labels\S+ beside it holds 59"):
        loaded(folder)
    write_folder(folder, TRAIN, random_images(20, (28, 26)))
    with pytest.raises(DataError, match="training images of 28x28 and test images of 28x26"):
        loaded(folder)
    write_folder(folder, TRAIN, (TEST[0], TEST[1] + 5))
    with pytest.raises(DataError, match="test label 10 occurs in no training sample"):
        loaded(folder)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), which=st.integers(0, 3), packed=st.booleans())
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, which: int, packed: bool
) -> None:
    """The set is loaded with all its images, or refused; little memory either way."""
    folder = tmp_path_factory.getbasetemp() / f"damaged-{packed}"
    names = tuple(f"{name}.gz" for name in NAMES) if packed else NAMES
    write_folder(folder, TRAIN, TEST, names)
    content = idx_bytes((*TRAIN, *TEST)[which])
    content = gzip.compress(content, mtime=0) if packed else content
    (folder / names[which]).write_bytes(data.draw(damaged(content, start=20)))
    if refusal(lambda: loaded(folder), folder, 8e6) is None:
        found = loaded(folder)
        assert len(found.train) + len(found.validation) == 60
        assert len(found.test) == 20
