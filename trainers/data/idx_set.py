"""Published sets of 28x28 grey images in four IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST."""

from pathlib import Path
from typing import cast

from pydantic import Field

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.idx_folder import read_folder, transposed_images
from trainers.data.image_inputs import SIZE_MAX, ImageForm
from trainers.data.image_splits import ImageSplitOptions, LabelledImages, split_images
from trainers.data.splits import DataSplits
from trainers.errors import DataError

SIDE = 28


class IdxSetOptions(ImageSplitOptions):
    """Options that these sets share.

    Args:
        path: folder of the four files, relative to where the command runs; None: where
            `spikeport download` puts them.
        image_size: side after padding with black on all sides, e.g. 32, which halves five times.
        form: whole images, or sequences of their rows (then train.time_steps is image_size).
    """

    path: Path | None = None
    image_size: int = Field(default=SIDE, ge=SIDE, le=SIZE_MAX, multiple_of=2)
    form: ImageForm = "static"


def load_set(
    name: str,
    folder: Path,
    classes: tuple[str, ...],
    options: IdxSetOptions,
    *,
    remedy: str,
    prefix: str = "",
    transposed: bool = False,
    first_label: int = 0,
) -> DataSplits:
    """Reads and splits the files; inputs are x / 255 in [0, 1], [N, 1, H, W] or [N, T, W].

    Args:
        name: of the data set.
        folder: where the four files lie.
        classes: names in label order.
        options: of the data set.
        remedy: what to do where a file is missing.
        prefix: what the files' names start with.
        transposed: the files hold columns where rows are meant.
        first_label: label of the first class.

    Raises:
        DataError: files are missing or damaged, images aren't 28x28, a label lies outside the
            classes, or the splits ask for too many samples.
    """
    train, test = read_folder(folder, prefix=prefix, remedy=remedy)
    if train.pixels.shape[2:] != (SIDE, SIDE):
        height, width = train.pixels.shape[2:]
        raise DataError(
            f"{folder}: images of {height}x{width}, expected {SIDE}x{SIDE}. Read other sets of "
            "this format with the data set 'idx-folder'."
        )
    if transposed:
        train, test = transposed_images(train), transposed_images(test)
    train, test = (_from_zero(folder, images, first_label) for images in (train, test))
    return split_images(
        name, train, test, classes, options, size=options.image_size, form=options.form
    )


def plain_set(name: str, classes: tuple[str, ...], summary: str) -> Dataset:
    """A row of the table for a set that lies in a folder of its own, as published.

    Args:
        name: of the data set, of its source, and of its default folder.
        classes: names in label order.
        summary: one line.
    """

    def load(options: DatasetOptions) -> DataSplits:
        chosen = cast(IdxSetOptions, options)
        remedy = f"Run `spikeport download {name}`, or name their folder in data.path."
        return load_set(name, chosen.path or data_folder(name), classes, chosen, remedy=remedy)

    return Dataset(summary=summary, options=IdxSetOptions, load=load, download=from_source(name))


def _from_zero(folder: Path, images: LabelledImages, first_label: int) -> LabelledImages:
    lowest = int(images.labels.min())
    if lowest < first_label:
        raise DataError(
            f"{folder}: a label is {lowest}, but this set's start at {first_label}. Check that "
            "the files belong to it."
        )
    return LabelledImages(images.pixels, images.labels - first_label)
