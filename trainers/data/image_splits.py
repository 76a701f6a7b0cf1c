"""From byte images with an official test set to three splits, for the image data sets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data.dataset import DatasetOptions
from trainers.data.image_inputs import ImageForm, scaled_images, splits_form
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import Indices, draw, hold_out
from trainers.errors import DataError

WHITE = 255.0


class SubsetOptions(DatasetOptions):
    """Smaller training and test splits.

    Args:
        train_samples: a stratified subset for quick runs; None: all that validation leaves.
        test_samples: a stratified subset for quick runs; None: the whole official test set.
        split_seed: of these draws and of the validation samples.
    """

    train_samples: int | None = Field(default=None, ge=2)
    test_samples: int | None = Field(default=None, ge=2)
    split_seed: int = Field(default=20260101, ge=0, lt=2**32)


class ImageSplitOptions(SubsetOptions):
    """How training files become training and validation splits.

    Args:
        validation_samples: drawn from the training files, stratified, before anything else, so
            that they are the same for every `train_samples`.
    """

    validation_samples: int = Field(default=5000, ge=2)


@dataclass(frozen=True)
class LabelledImages:
    """Images as their files hold them.

    Args:
        pixels: uint8 [N, C, H, W].
        labels: int64 [N].
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class SplitRows:
    """Which samples of the training files and of the test files each split has, in rising order."""

    train: Indices
    validation: Indices
    test: Indices


def split_images(
    name: str,
    train: LabelledImages,
    test: LabelledImages,
    classes: tuple[str, ...],
    options: ImageSplitOptions,
    *,
    size: int | None = None,
    form: ImageForm = "static",
) -> DataSplits:
    """Draws the splits; inputs are x / 255, padded to `size`.

    Raises:
        DataError: a label lies outside the classes, the splits ask for more samples than there
            are, or a class would be left without a training sample.
    """
    for part, images in (("training", train), ("test", test)):
        highest = int(images.labels.max())
        if highest >= len(classes):
            raise DataError(
                f"data set '{name}': a {part} label is {highest}, but there are {len(classes)} "
                f"classes (0 to {len(classes) - 1}). Check that the files belong to this set."
            )
    rows = split_rows(name, train.labels, test.labels, options, options.validation_samples)

    def split(images: LabelledImages, chosen: Indices) -> Split:
        inputs = scaled_images(images.pixels[chosen], WHITE, size, form)
        return Split(inputs, images.labels[chosen])

    return DataSplits(
        name=name,
        train=split(train, rows.train),
        validation=split(train, rows.validation),
        test=split(test, rows.test),
        classes=classes,
        input_scale=1.0 / WHITE,
        form=splits_form(form),
    )


def split_rows(
    name: str,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    options: SubsetOptions,
    validation_samples: int,
) -> SplitRows:
    """Draws the splits from the labels of the training files and of the test files.

    Raises:
        DataError: the splits ask for more samples than there are, or a class would be left without
            a training sample.
    """
    seed, where = options.split_seed, f"data set '{name}', "
    stays, held = hold_out(train, validation_samples, seed, f"{where}validation_samples")
    if options.train_samples is not None:
        left = train[stays]
        stays = stays[draw(left, options.train_samples, seed, f"{where}train_samples")]
    tested = np.arange(len(test))
    if options.test_samples is not None:
        tested = draw(test, options.test_samples, seed, f"{where}test_samples")
    return SplitRows(stays, held, tested)
