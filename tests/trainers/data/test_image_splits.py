"""From an official training and test set to three splits."""

from typing import Any

import numpy as np
import pytest

from tests.byte_images import random_images
from trainers.data import DataSplits, Split
from trainers.data.image_splits import ImageSplitOptions, LabelledImages, split_images
from trainers.errors import DataError

CLASSES = tuple("abcdefghij")


def images(samples: int, seed: int) -> LabelledImages:
    """Random images of 4x4; no two are equal."""
    pixels, labels = random_images(samples, (1, 4, 4), seed=seed)
    return LabelledImages(pixels, labels.astype(np.int64))


TRAIN, TEST = images(200, 0), images(50, 1)


def splits(**options: Any) -> DataSplits:
    """The splits of 200 + 50 images."""
    chosen = ImageSplitOptions.model_validate({"validation_samples": 40, **options})
    return split_images("mine", TRAIN, TEST, CLASSES, chosen)


def rows(split: Split) -> list[tuple[bytes, int]]:
    """Each sample as its raw pixels and its label."""
    raw = np.round(split.inputs[:] * 255).astype(np.uint8)
    return [(row.tobytes(), int(label)) for row, label in zip(raw, split.labels, strict=True)]


def raw_rows(found: LabelledImages) -> list[tuple[bytes, int]]:
    """The same of what was given."""
    return [(row.tobytes(), int(label)) for row, label in zip(*vars(found).values(), strict=True)]


def test_training_images_go_into_training_or_validation() -> None:
    """Each once, with its label; the test images are the test images, in their order."""
    found = splits()
    assert sorted(rows(found.train) + rows(found.validation)) == sorted(raw_rows(TRAIN))
    assert rows(found.test) == raw_rows(TEST)
    assert np.bincount(found.validation.labels).tolist() == [4] * 10


def test_a_smaller_training_set_leaves_the_validation_samples_as_they_are() -> None:
    """Runs of different length of training are compared on the same images."""
    found, smaller = splits(), splits(train_samples=30, test_samples=20)
    assert rows(smaller.validation) == rows(found.validation)
    assert set(rows(smaller.train)) < set(rows(found.train))
    assert np.bincount(smaller.train.labels).tolist() == [3] * 10
    assert set(rows(smaller.test)) < set(rows(found.test))
    assert np.bincount(smaller.test.labels).tolist() == [2] * 10


def test_the_seed_decides_which() -> None:
    """Another one holds out others."""
    assert rows(splits(split_seed=3).validation) == rows(splits(split_seed=3).validation)
    assert rows(splits(split_seed=3).validation) != rows(splits(split_seed=4).validation)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_samples": 201}, "validation_samples: 201 can't be drawn from 200"),
        ({"validation_samples": 200}, "validation_samples: .* leaves none of class 0"),
        ({"train_samples": 161}, "train_samples: 161 can't be drawn from 160"),
        ({"test_samples": 9}, "test_samples: 9 can't be drawn from 50 samples of 10 classes"),
    ],
)
def test_too_many_or_too_few_samples_are_refused(options: dict[str, int], message: str) -> None:
    """With the option's name and its limits."""
    with pytest.raises(DataError, match=rf"data set 'mine', {message}"):
        splits(**options)


@pytest.mark.parametrize("part", ["training", "test"])
def test_a_label_outside_the_classes_is_refused_before_drawing(part: str) -> None:
    """A subset might leave out just the sample that shows the damage."""
    wrong = LabelledImages(TEST.pixels, np.where(np.arange(50) == 17, 10, TEST.labels))
    train, test = (wrong, TEST) if part == "training" else (TRAIN, wrong)
    chosen = ImageSplitOptions(validation_samples=10, test_samples=10)
    with pytest.raises(DataError, match=rf"'mine': a {part} label is 10, but there are 10 classes"):
        split_images("mine", train, test, CLASSES, chosen)
