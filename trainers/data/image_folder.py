"""Image classification from folders, ImageNet and its like: one folder per class, read lazily.

    PATH/train/CLASS/IMAGE.jpg
    PATH/val/CLASS/IMAGE.jpg

The classes are the folders in PATH/train, sorted. ImageNet's `val` is the test split, as in the
papers; validation samples come out of the training folder. Files are listed at once and decoded
when a batch needs them, so memory doesn't grow with the images. Both splits are cut out of the
centre (see trainers.data.image_file); random crops are the business of [augment].
"""

from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.image_listing import ImageFiles, list_images
from trainers.data.image_splits import SubsetOptions, split_rows
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import Indices
from trainers.errors import DataError

NAME = "image-folder"
WHITE = 255.0
VALIDATION_FRACTION = 0.1
VALIDATION_MOST = 10_000
SIZE_MAX = 1024


class ImageFolderOptions(SubsetOptions):
    """Options of `image-folder`.

    Args:
        path: folder of the two others, relative to where the command runs.
        train: name of the folder of training images.
        test: name of the folder of test images.
        image_size: side of the samples; 224 is cut out of a shorter side of 256.
        channels: 3, or 1 for grey.
        validation_samples: drawn from the training folder, stratified, before anything else; None:
            a tenth of it, at most 10,000 and at least one per class.
        workers: processes that decode batches ahead of training; 0 decodes in between. It changes
            nothing but speed.
    """

    path: Path
    train: str = Field(default="train", min_length=1)
    test: str = Field(default="val", min_length=1)
    image_size: int = Field(default=224, ge=1, le=SIZE_MAX)
    channels: Literal[1, 3] = 3
    validation_samples: int | None = Field(default=None, ge=2)
    workers: int = Field(default=2, ge=0, le=64)

    @model_validator(mode="after")
    def _tested_on_others(self) -> "ImageFolderOptions":
        if Path(self.train) == Path(self.test):
            raise ValueError(f"train and test both name the folder '{self.train}'")
        return self


def default_validation_samples(labels: NDArray[np.int64]) -> int:
    """How many of these training samples validate where nothing is said."""
    share = round(VALIDATION_FRACTION * len(labels))
    return max(len(np.unique(labels)), min(share, VALIDATION_MOST))


def load(options: DatasetOptions) -> DataSplits:
    """Lists and splits the images; inputs are x / 255 in [0, 1], [N, channels, size, size].

    Raises:
        ConfigError: Pillow can't be imported.
        DataError: a folder is missing or empty, a test class has no training images, or the splits
            ask for too many samples.
    """
    chosen = cast(ImageFolderOptions, options)
    # Pillow, which it needs, is optional.
    from trainers.data.lazy_images import LazyImages

    # Read later, perhaps from another working directory.
    root = chosen.path.absolute()
    layout = (
        f"Expected are {root / chosen.train}/CLASS/IMAGE.jpg and "
        f"{root / chosen.test}/CLASS/IMAGE.jpg; name the folder above them in data.path."
    )
    train = list_images(root / chosen.train, layout)
    test = list_images(root / chosen.test, layout)
    test_labels = _labels_as_in(train, test)
    held = chosen.validation_samples or default_validation_samples(train.labels)
    rows = split_rows(NAME, train.labels, test_labels, chosen, held)

    def split(files: ImageFiles, labels: NDArray[np.int64], which: Indices) -> Split:
        inputs = LazyImages(files, which, chosen.image_size, chosen.channels)
        return Split(inputs, labels[which])

    return DataSplits(
        name=root.resolve().name or NAME,
        train=split(train, train.labels, rows.train),
        validation=split(train, train.labels, rows.validation),
        test=split(test, test_labels, rows.test),
        classes=train.classes,
        input_scale=1.0 / WHITE,
        workers=chosen.workers,
    )


def _labels_as_in(train: ImageFiles, test: ImageFiles) -> NDArray[np.int64]:
    positions = {name: position for position, name in enumerate(train.classes)}
    strange = [name for name in test.classes if name not in positions]
    if strange:
        raise DataError(
            f"{test.folder / strange[0]}: no class of this name in {train.folder}. Every test "
            "class needs training images."
        )
    return np.array([positions[name] for name in test.classes], np.int64)[test.labels]


IMAGE_FOLDER = Dataset(
    summary="ImageNet and other folders of images, one per class, read while training",
    options=ImageFolderOptions,
    load=load,
)
