"""Fashion-MNIST: 60,000 + 10,000 real grey images of clothes, 28x28, 10 balanced classes.

Source: Xiao, Rasul, Vollgraf, arXiv 1708.07747; MIT licence (Zalando SE). Debian and Ubuntu
package it as dataset-fashion-mnist. The test split is the official one; validation samples come
out of the training file.
"""

from pathlib import Path
from typing import cast

from pydantic import Field

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.idx_folder import read_folder
from trainers.data.image_inputs import SIZE_MAX, ImageForm
from trainers.data.image_splits import ImageSplitOptions, split_images
from trainers.data.splits import DataSplits
from trainers.errors import DataError

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the package dataset-fashion-mnist puts the files."""

REMEDY = (
    "Run `apt-get install dataset-fashion-mnist` (Debian, Ubuntu), or name their folder in "
    "data.path."
)

SIDE = 28

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


class FashionMnistOptions(ImageSplitOptions):
    """Options of `fashion-mnist`.

    Args:
        path: folder of the four files, relative to where the command runs; None: Debian's.
        image_size: side after padding with black on all sides, e.g. 32, which halves five times.
        form: whole images, or sequences of their rows (then train.time_steps is image_size).
    """

    path: Path | None = None
    image_size: int = Field(default=SIDE, ge=SIDE, le=SIZE_MAX, multiple_of=2)
    form: ImageForm = "static"


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; inputs are x / 255 in [0, 1], [N, 1, H, W] or [N, T, W].

    Raises:
        DataError: files are missing or damaged, images aren't 28x28, or the splits ask for too
            many samples.
    """
    chosen = cast(FashionMnistOptions, options)
    folder = DEBIAN_FOLDER if chosen.path is None else chosen.path
    train, test = read_folder(folder, remedy=REMEDY)
    if train.pixels.shape[2:] != (SIDE, SIDE):
        height, width = train.pixels.shape[2:]
        raise DataError(
            f"{folder}: images of {height}x{width}, expected {SIDE}x{SIDE}. Read other sets of "
            "this format with the data set 'idx-folder'."
        )
    return split_images(
        "fashion-mnist", train, test, CLASSES, chosen, size=chosen.image_size, form=chosen.form
    )


FASHION_MNIST = Dataset(
    summary="70,000 real images of clothes, 28x28, 10 classes (Debian's dataset-fashion-mnist)",
    options=FashionMnistOptions,
    load=load,
)
