"""A folder of class folders becomes three splits that are read while training."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.image_folders import CLASSES, picture, write_folder
from trainers.augmentation import Augmentation
from trainers.data import DataSplits, Split, image_folder
from trainers.data.image_folder import ImageFolderOptions
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError
from trainers.recipe import AugmentTable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 + 6 images of each class; read it, never change it."""
    return write_folder(tmp_path_factory.mktemp("images") / "insects")


def loaded(folder: Path, **options: Any) -> DataSplits:
    """The data set at 14 x 14, where a PNG's pixels come through unchanged."""
    return load_data("image-folder", path=folder, **{"image_size": 14, **options})


def keys(split: Split) -> list[tuple[bytes, int]]:
    """Each sample as its bytes and its label."""
    return [
        (row.tobytes(), int(label))
        for row, label in zip(split.inputs[:], split.labels, strict=True)
    ]


def test_every_image_is_in_one_split_with_its_label(folder: Path) -> None:
    """The PNG half of the files tells which: their pixels are known exactly."""
    data = loaded(folder)
    assert (data.name, data.classes, data.sample_shape) == ("insects", CLASSES, (3, 14, 14))
    assert (data.input_scale, data.form, data.workers) == (1 / 255, "static", 2)
    expected = {
        ((picture(label, number)[1:15, 1:15].transpose(2, 0, 1) / np.float32(255)).tobytes(), label)
        for label in range(3)
        for number in range(0, 26, 2)
    }
    parts = [keys(split) for split in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [54, 6, 18]
    together = [key for part in parts for key in part]
    assert len(set(together)) == 78
    assert expected < set(together)
    assert len(expected & set(parts[2])) == 9


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [54, 6, 18]),
        ({"validation_samples": 15}, [45, 15, 18]),
        ({"train_samples": 12, "test_samples": 9}, [12, 6, 9]),
    ],
)
def test_splits_are_stratified(folder: Path, options: dict[str, int], sizes: list[int]) -> None:
    """A tenth for validation if nothing is said; each class has its share of every split."""
    data = loaded(folder, **options)
    for split, size in zip((data.train, data.validation, data.test), sizes, strict=True):
        assert np.bincount(split.labels).tolist() == [size // 3] * 3


def test_validation_images_don_t_depend_on_the_training_samples(folder: Path) -> None:
    """But on the seed."""
    expected = keys(loaded(folder).validation)
    assert keys(loaded(folder, train_samples=9).validation) == expected
    assert keys(loaded(folder, split_seed=1).validation) != expected


def test_large_folders_give_a_fixed_number_of_validation_samples(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 at most, as from ImageNet; here a smaller limit."""
    assert image_folder.VALIDATION_MOST == 10_000
    monkeypatch.setattr(image_folder, "VALIDATION_MOST", 4)
    data = loaded(folder)
    assert (len(data.train), len(data.validation)) == (56, 4)


def test_small_folders_hold_out_one_of_each_class(tmp_path: Path) -> None:
    """A tenth of 12 images would be fewer than there are classes."""
    data = loaded(write_folder(tmp_path, train=4, test=1))
    assert sorted(data.validation.labels.tolist()) == [0, 1, 2]


def test_the_test_folder_may_lack_classes(tmp_path: Path) -> None:
    """Labels are places among the training classes."""
    write_folder(tmp_path, test=2)
    shutil.rmtree(tmp_path / "val" / "ant")
    data = loaded(tmp_path)
    assert data.classes == CLASSES
    assert data.test.labels.tolist() == [1, 1, 2, 2]
    expected = picture(1, 20)[1:15, 1:15].transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_array_equal(data.test.inputs[[0]][0], expected)


def test_other_folder_names_and_grey(folder: Path) -> None:
    """What the folders are called, and one channel."""
    swapped = loaded(folder, train="val", test="train", channels=1)
    assert len(swapped.test) == 60
    assert swapped.test.inputs[:1].shape == (1, 1, 14, 14)


def test_a_relative_path_still_leads_there_after_a_change_of_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Files are read long after the data set was loaded."""
    monkeypatch.chdir(folder)
    data = load_data("image-folder", path=".", image_size=14)
    monkeypatch.chdir(tmp_path)
    assert data.name == "insects"
    assert data.test.inputs[:1].any()


def test_a_test_class_without_training_images_is_refused(tmp_path: Path) -> None:
    """It could never be answered rightly."""
    write_folder(tmp_path)
    (tmp_path / "val" / "bee").rename(tmp_path / "val" / "wasp")
    with pytest.raises(DataError, match=r"val/wasp: no class of this name in .*/train\."):
        loaded(tmp_path)


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_missing_folder_shows_the_layout(tmp_path: Path, part: str) -> None:
    """Both folders, with the place of an image in them."""
    shutil.rmtree(write_folder(tmp_path, train=4, test=1) / part)
    with pytest.raises(DataError, match=rf"{part}: no such folder\. Expected are ") as error:
        loaded(tmp_path)
    message = str(error.value)
    assert f"{tmp_path}/train/CLASS/IMAGE.jpg" in message
    assert f"{tmp_path}/val/CLASS/IMAGE.jpg; name the folder above them in data.path." in message
    assert "\n" not in message


def test_too_many_samples_are_refused_by_their_option(folder: Path) -> None:
    """With what there is."""
    with pytest.raises(DataError, match=r"'image-folder', train_samples: 55 can't .* from 54"):
        loaded(folder, train_samples=55)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "path: field required"),
        ({"path": ".", "image_size": 0}, "image_size: .*greater than or equal to 1"),
        ({"path": ".", "image_size": 1025}, "image_size: .*less than or equal to 1024"),
        ({"path": ".", "channels": 2}, "channels: .*1 or 3"),
        ({"path": ".", "workers": -1}, "workers: "),
        ({"path": ".", "test": "train/"}, "train and test both name the folder 'train'"),
        ({"path": ".", "train": ""}, "train: "),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], said: str) -> None:
    """The test images must be others than those that are learnt."""
    with pytest.raises(ConfigError, match=said):
        load_data("image-folder", **options)


def test_a_damaged_image_is_named_when_it_is_read(tmp_path: Path) -> None:
    """Loading lists; the batch that needs the file finds the damage."""
    path = write_folder(tmp_path) / "val" / "bee" / "0021.JPEG"
    path.write_bytes(path.read_bytes()[:300])
    data = loaded(tmp_path)
    assert len(data.test.inputs[:6]) == 6
    with pytest.raises(DataError, match=r"val/bee/0021\.JPEG: isn't a readable image"):
        data.test.inputs[6:12]


def test_augmentation_takes_it_unread(folder: Path) -> None:
    """AutoAugment wants colours in [0, 1]; to see that, no file need be opened."""
    Augmentation(AugmentTable(auto_augment="imagenet", flip=True), loaded(folder))
    with pytest.raises(ConfigError, match="1 channels, must be 3"):
        Augmentation(AugmentTable(auto_augment="imagenet"), loaded(folder, channels=1))


def test_the_defaults_are_imagenet_s() -> None:
    """224 pixels of colour, folders train and val, two processes that read ahead."""
    options = ImageFolderOptions(path=Path("imagenet"))
    assert (options.image_size, options.channels, options.workers) == (224, 3, 2)
    assert (options.train, options.test, options.validation_samples) == ("train", "val", None)
