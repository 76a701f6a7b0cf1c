"""MNIST, KMNIST and EMNIST: their names, their labels and the way their images lie."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.byte_images import NAMES, Bytes, random_images, write_folder
from trainers.data import DataSplits, emnist, kmnist, mnist
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

TRAIN, TEST = random_images(60, seed=1), random_images(20, seed=2)
SPLIT_CLASSES = {
    "balanced": 47, "byclass": 62, "bymerge": 47, "digits": 10, "letters": 26, "mnist": 10,
}  # fmt: skip
"""Of the paper's table II."""


def as_bytes(inputs: Any) -> Bytes:
    """Pixels again."""
    pixels: Bytes = np.round(inputs[:] * 255).astype(np.uint8)
    return pixels


def emnist_folder(folder: Path, split: str, first_label: int = 0) -> Path:
    """Files of one split under the names that they have in the archive; one image per class."""
    classes = SPLIT_CLASSES[split]
    names = tuple(f"emnist-{split}-{name.replace('t10k', 'test')}.gz" for name in NAMES)
    images = random_images(3 * classes, classes=classes)
    images = (images[0], images[1] + np.uint8(first_label))
    return write_folder(folder, images, images, names)


def emnist_loaded(folder: Path, split: str, **options: Any) -> DataSplits:
    """One image of each class is held out."""
    samples = SPLIT_CLASSES[split]
    return load_data("emnist", path=folder, split=split, validation_samples=samples, **options)


@pytest.mark.parametrize(("name", "module"), [("mnist", mnist), ("kmnist", kmnist)])
def test_the_default_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: Any
) -> None:
    """Images as they are, labels as they are, ten named classes."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"{tmp_path}/{name}: .*`spikeport download {name}`"):
        load_data(name)
    write_folder(tmp_path / name, TRAIN, TEST)
    found = load_data(name, validation_samples=10)
    np.testing.assert_array_equal(as_bytes(found.test.inputs), TEST[0][:, None])
    np.testing.assert_array_equal(found.test.labels, TEST[1])
    assert (found.name, found.classes) == (name, module.CLASSES)
    assert len(set(found.classes)) == 10
    assert found.sample_shape == (1, 28, 28)


def test_rows_and_padding(tmp_path: Path) -> None:
    """As of Fashion-MNIST."""
    write_folder(tmp_path, TRAIN, TEST)
    found = load_data("mnist", path=tmp_path, validation_samples=10, image_size=32, form="rows")
    assert (found.sample_shape, found.form) == ((32,), "sequence")
    with pytest.raises(ConfigError, match="image_size: "):
        load_data("kmnist", path=tmp_path, image_size=29)


def test_images_of_another_size_are_another_set(tmp_path: Path) -> None:
    """The message names the set for them."""
    write_folder(tmp_path, random_images(60, (30, 28)), random_images(20, (30, 28)))
    with pytest.raises(DataError, match=r"images of 30x28, expected 28x28.*'idx-folder'"):
        load_data("kmnist", path=tmp_path)


def test_labels_beyond_ten_classes_are_refused(tmp_path: Path) -> None:
    """EMNIST's files in MNIST's place."""
    write_folder(tmp_path, (TRAIN[0], TRAIN[1] + 1), TEST)
    with pytest.raises(DataError, match="a training label is 10, but there are 10 classes"):
        load_data("mnist", path=tmp_path)


@pytest.mark.parametrize("split", SPLIT_CLASSES)
def test_emnist_s_splits_by_name(tmp_path: Path, split: str) -> None:
    """Beside each other in one folder; transposed, labels from 0, classes of the mapping files."""
    for other in SPLIT_CLASSES:
        emnist_folder(tmp_path, other, first_label=int(other == "letters"))
    found = emnist_loaded(tmp_path, split)
    classes = SPLIT_CLASSES[split]
    pixels, labels = random_images(3 * classes, classes=classes)
    np.testing.assert_array_equal(as_bytes(found.test.inputs)[:, 0], pixels.swapaxes(1, 2))
    np.testing.assert_array_equal(found.test.labels, labels)
    assert (found.name, len(found.classes)) == (f"emnist-{split}", classes)
    assert len(set(found.classes)) == classes


def test_emnist_s_classes_are_in_the_order_of_its_mapping_files() -> None:
    """Label, code of the character: 0 48, 10 65, 36 97 and 61 122; merged ones end with t, 116."""
    by_class, merged = emnist.CLASSES["byclass"], emnist.CLASSES["bymerge"]
    assert [ord(by_class[label]) for label in (0, 9, 10, 35, 36, 61)] == [48, 57, 65, 90, 97, 122]
    assert list(merged[:36]) == list(by_class[:36])
    assert "".join(merged[36:]) == "abdefghnqrt"
    assert emnist.CLASSES["letters"][0] == "A"


def test_emnist_s_letters_start_at_one(tmp_path: Path) -> None:
    """A label 0 belongs to another split."""
    with pytest.raises(DataError, match="a label is 0, but this set's start at 1"):
        emnist_loaded(emnist_folder(tmp_path, "letters"), "letters")


def test_an_unknown_split_lists_the_known_ones(tmp_path: Path) -> None:
    """And a missing one says how to fetch all."""
    with pytest.raises(ConfigError, match=r"split: .*'balanced', 'byclass'"):
        load_data("emnist", split="nosuch")
    emnist_folder(tmp_path, "digits")
    with pytest.raises(DataError, match=r"'emnist-mnist-'.*`spikeport download emnist`"):
        emnist_loaded(tmp_path, "mnist")
