"""Fashion-MNIST: Debian's real files, whole and unchanged.

These tests need the package dataset-fashion-mnist; without it they fail with the loader's message.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.byte_images import NAMES, random_images, write_folder
from trainers.data import DataSplits, fashion_mnist
from trainers.data.fashion_mnist import CLASSES, DEBIAN_FOLDER, REMEDY
from trainers.data.idx_folder import read_folder
from trainers.data.image_splits import LabelledImages
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

PIXEL_HASHES = (
    "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
    "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
)
"""sha256 by `zcat train-images-idx3-ubyte.gz | tail -c +17 | sha256sum`, and of t10k."""

LABEL_HASHES = (
    "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
    "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
)
"""The same of the label files, from byte 9."""

FIRST_IMAGES = (
    "5bd44e331a6d6998daf675700cd0c13dcd7af8ab954b7585124124da61459e7b",
    "ffc7351ed0f8bae542820866086177fa4e0b366b97bf9d998dffdb8dbe138787",
)
"""The same of the first 784 pixels alone."""


def sha256(array: NDArray[Any]) -> str:
    """Hash of the array's bytes."""
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def files() -> tuple[LabelledImages, LabelledImages]:
    """Training and test file as they are."""
    return read_folder(DEBIAN_FOLDER, remedy=REMEDY)


@pytest.fixture(scope="module")
def splits() -> DataSplits:
    """The default splits."""
    return load_data("fashion-mnist")


@pytest.mark.parametrize("part", [0, 1])
def test_every_pixel_and_label_is_read(
    files: tuple[LabelledImages, LabelledImages], part: int
) -> None:
    """60,000 and 10,000 images, 28x28, each class a tenth; hashes from outside of Python."""
    found, samples = files[part], (60_000, 10_000)[part]
    assert found.pixels.shape == (samples, 1, 28, 28)
    assert np.bincount(found.labels).tolist() == [samples // 10] * 10
    assert sha256(found.pixels[0]) == FIRST_IMAGES[part]
    assert sha256(found.pixels) == PIXEL_HASHES[part]
    assert sha256(found.labels.astype(np.uint8)) == LABEL_HASHES[part]


def test_labels_are_those_of_other_libraries(
    files: tuple[LabelledImages, LabelledImages],
) -> None:
    """What the Keras tutorial prints: 9, 0, 0, ..., 3, 0, 5: boot, shirt, shirt, ..."""
    train, test = files
    assert [*train.labels[:3], *train.labels[-3:]] == [9, 0, 0, 3, 0, 5]
    assert [*test.labels[:3], *test.labels[-3:]] == [9, 2, 1, 8, 1, 5]
    assert (CLASSES[9], CLASSES[0]) == ("Ankle boot", "T-shirt/top")


def test_validation_comes_out_of_the_training_file(
    splits: DataSplits, files: tuple[LabelledImages, LabelledImages]
) -> None:
    """55,000 and 5,000 images, 500 per class; together every training image as often as before."""
    assert np.bincount(splits.train.labels).tolist() == [5500] * 10
    assert np.bincount(splits.validation.labels).tolist() == [500] * 10
    found = np.concatenate([splits.train.inputs, splits.validation.inputs])
    hashes = [sorted(hash(row.tobytes()) for row in rows) for rows in (found, as_inputs(files[0]))]
    assert hashes[0] == hashes[1]


def as_inputs(images: LabelledImages) -> NDArray[np.float32]:
    """x / 255 in float32."""
    return (images.pixels / np.float32(255)).astype(np.float32)


def test_the_test_split_is_the_official_one(
    splits: DataSplits, files: tuple[LabelledImages, LabelledImages]
) -> None:
    """In its order; inputs are x / 255, black is exactly 0."""
    np.testing.assert_array_equal(splits.test.inputs, as_inputs(files[1]))
    np.testing.assert_array_equal(splits.test.labels, files[1].labels)
    assert (splits.test.inputs[:].min(), splits.test.inputs[:].max()) == (0, 1)
    assert splits.input_scale == 1 / 255
    assert splits.classes == CLASSES


def test_fewer_samples_for_quick_runs(splits: DataSplits) -> None:
    """Stratified; the validation images stay the same."""
    few = load_data("fashion-mnist", train_samples=200, test_samples=100)
    assert np.bincount(few.train.labels).tolist() == [20] * 10
    assert np.bincount(few.test.labels).tolist() == [10] * 10
    np.testing.assert_array_equal(few.validation.inputs, splits.validation.inputs)


def test_padded_images_and_rows() -> None:
    """32x32 halves five times; as rows, 32 steps of 32 pixels, the first two and last two black."""
    few: dict[str, Any] = {"train_samples": 10, "test_samples": 10, "image_size": 32}
    whole, rows = load_data("fashion-mnist", **few), load_data("fashion-mnist", form="rows", **few)
    assert (whole.sample_shape, whole.form) == ((1, 32, 32), "static")
    assert (rows.sample_shape, rows.form) == ((32,), "sequence")
    np.testing.assert_array_equal(rows.train.inputs, whole.train.inputs[:][:, 0])
    border = np.ones((32, 32), bool)
    border[2:-2, 2:-2] = False
    images = whole.validation.inputs[:][:, 0]
    assert not images[:, border].any()
    assert images[:, 2].any()
    assert images[:, :, -3].any()


@pytest.mark.parametrize("options", [{"image_size": 26}, {"image_size": 29}, {"image_size": 66}])
def test_sizes_that_do_not_pad_evenly_are_refused(options: dict[str, Any]) -> None:
    """Smaller than 28, odd, or beyond any use."""
    with pytest.raises(ConfigError, match="image_size: input should be"):
        load_data("fashion-mnist", **options)


def test_a_missing_folder_says_how_to_get_the_files(tmp_path: Path) -> None:
    """The four names, Debian's package and the option, in one line."""
    with pytest.raises(DataError) as error:
        load_data("fashion-mnist", path=tmp_path / "none")
    message = str(error.value)
    assert all(name in message for name in NAMES)
    assert "spikeport download fashion-mnist" in message
    assert "apt-get install dataset-fashion-mnist" in message
    assert "data.path" in message
    assert "\n" not in message


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    """Files of the same layout are read from anywhere; images of another size aren't."""
    folder = write_folder(tmp_path / "mine", random_images(60), random_images(20, seed=1))
    found = load_data("fashion-mnist", path=str(folder), validation_samples=20)
    assert (len(found.train), len(found.validation), len(found.test)) == (40, 20, 20)
    write_folder(folder, random_images(60, (30, 28)), random_images(20, (30, 28)))
    with pytest.raises(DataError, match="images of 30x28, expected 28x28"):
        load_data("fashion-mnist", path=folder, validation_samples=20)


def test_without_debian_s_folder_downloads_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where `spikeport download` puts them."""
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "none")
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path))
    write_folder(tmp_path / "fashion-mnist", random_images(60), random_images(20, seed=1))
    assert len(load_data("fashion-mnist", validation_samples=20).test) == 20
