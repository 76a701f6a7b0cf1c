"""MNIST and its family (KMNIST, EMNIST, ...): a folder of four IDX files, plain or gzipped.

Names are the usual ones: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k- or test- for
the test set, each with .gz or without, and with anything before it, as EMNIST's
emnist-letters-train-images-idx3-ubyte.gz. Where a file lies there both plain and packed, the plain
one is read.
"""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.idx import read_images, read_labels
from trainers.data.image_inputs import SIZE_MAX, ImageForm
from trainers.data.image_splits import ImageSplitOptions, LabelledImages, split_images
from trainers.data.splits import DataSplits
from trainers.errors import DataError

TRAIN = ("train",)
TEST = ("t10k", "test")


class IdxFolderOptions(ImageSplitOptions):
    """Options of `idx-folder`.

    Args:
        path: the folder, relative to where the command runs.
        prefix: reads only files whose names start with it, where a folder holds several sets, e.g.
            `emnist-letters`.
        transposed: swaps rows and columns; EMNIST's files are stored that way.
        image_size: side after padding with black on all sides; None: as in the files.
        form: whole images, or sequences of their rows.
    """

    path: Path
    prefix: str = ""
    transposed: bool = False
    image_size: int | None = Field(default=None, ge=1, le=SIZE_MAX)
    form: ImageForm = "static"


def load(options: DatasetOptions) -> DataSplits:
    """Reads the four files; the classes are the labels that occur in the training file.

    Raises:
        DataError: files are missing or damaged, or don't fit together or the options.
    """
    chosen = cast(IdxFolderOptions, options)
    train, test = read_folder(
        chosen.path, prefix=chosen.prefix, remedy="Name their folder in data.path."
    )
    if chosen.transposed:
        train, test = transposed_images(train), transposed_images(test)
    _refuse_size(chosen.path, train.pixels.shape[2:], chosen.image_size)
    classes = np.unique(train.labels)
    return split_images(
        "idx-folder",
        LabelledImages(train.pixels, np.searchsorted(classes, train.labels)),
        LabelledImages(test.pixels, _positions(chosen.path, classes, test.labels)),
        tuple(str(label) for label in classes),
        chosen,
        size=chosen.image_size,
        form=chosen.form,
    )


def read_folder(
    folder: Path, *, prefix: str = "", remedy: str
) -> tuple[LabelledImages, LabelledImages]:
    """Training and test images of a folder, pixels [N, 1, H, W].

    Args:
        folder: where the four files lie.
        prefix: what their names start with.
        remedy: what to do where one is missing.

    Raises:
        DataError: a file is missing, ambiguous or damaged, images and labels differ in number, or
            training and test images in size.
    """
    files = {
        (part, kind): _find(folder, prefix, part, kind, remedy)
        for part in (TRAIN, TEST)
        for kind in ("images", "labels")
    }
    train, test = (_read(files[part, "images"], files[part, "labels"]) for part in (TRAIN, TEST))
    if train.pixels.shape[1:] != test.pixels.shape[1:]:
        raise DataError(
            f"{folder}: training images of {_size(train)} and test images of {_size(test)}. Keep "
            "the files of one data set in a folder, or set data.prefix."
        )
    return train, test


def transposed_images(images: LabelledImages) -> LabelledImages:
    """The images with rows and columns swapped."""
    return LabelledImages(images.pixels.swapaxes(2, 3), images.labels)


def _find(folder: Path, prefix: str, part: tuple[str, ...], kind: str, remedy: str) -> Path:
    try:
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise DataError(f"{folder}: can't be read ({error.strerror}). {remedy}") from error
    found = [name for name in names if name.startswith(prefix) and _fits(name, part, kind)]
    stems = {name.removesuffix(".gz") for name in found}
    if not stems:
        raise DataError(
            f"{folder}: no file of {part[0]} {kind}"
            f"{f' whose name starts with {prefix!r}' if prefix else ''}. Expected are "
            "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
            f"t10k-labels-idx1-ubyte, each plain or with .gz. {remedy}"
        )
    if len(stems) > 1:
        raise DataError(
            f"{folder}: {len(stems)} files of {part[0]} {kind}: {', '.join(sorted(stems)[:4])}. "
            "Name the set in data.prefix."
        )
    return folder / found[0]


def _fits(name: str, part: tuple[str, ...], kind: str) -> bool:
    stem = name.removesuffix(".gz")
    return stem.endswith("ubyte") and kind in stem and any(word in stem for word in part)


def _read(images: Path, labels: Path) -> LabelledImages:
    pixels, classes = read_images(images), read_labels(labels)
    if len(pixels) != len(classes):
        raise DataError(
            f"{images}: {len(pixels):,} images, but {labels.name} beside it holds "
            f"{len(classes):,} labels. Fetch both files again."
        )
    return LabelledImages(pixels[:, None], classes.astype(np.int64))


def _refuse_size(folder: Path, sides: tuple[int, ...], size: int | None) -> None:
    if size is not None and any(size < side or (size - side) % 2 for side in sides):
        raise DataError(
            f"{folder}: images of {sides[0]}x{sides[1]} can't be padded evenly to image_size "
            f"{size}. Choose a size that is larger by an even number."
        )


def _positions(
    folder: Path, classes: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    strange = np.setdiff1d(labels, classes)
    if len(strange):
        raise DataError(
            f"{folder}: test label {strange[0]} occurs in no training sample. Check that both "
            "files belong to one data set."
        )
    return np.searchsorted(classes, labels)


def _size(images: LabelledImages) -> str:
    height, width = images.pixels.shape[2:]
    return f"{height}x{width}"


IDX_FOLDER = Dataset(
    summary="a folder of MNIST-like IDX files: MNIST, KMNIST, EMNIST, ...",
    options=IdxFolderOptions,
    load=load,
)
