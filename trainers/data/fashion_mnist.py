"""Fashion-MNIST: 60,000 + 10,000 real grey images of clothes, 28x28, 10 balanced classes.

Source: Xiao, Rasul, Vollgraf, arXiv 1708.07747; MIT licence (Zalando SE). Debian and Ubuntu
package it as dataset-fashion-mnist. The test split is the official one; validation samples come
out of the training file.
"""

from pathlib import Path
from typing import cast

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.idx_set import IdxSetOptions, load_set
from trainers.data.splits import DataSplits

NAME = "fashion-mnist"

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the package dataset-fashion-mnist puts the files."""

REMEDY = (
    "Run `spikeport download fashion-mnist` or `apt-get install dataset-fashion-mnist` (Debian, "
    "Ubuntu), or name their folder in data.path."
)

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def default_folder() -> Path:
    """Debian's folder where its package is installed, else the one that downloads go to."""
    return DEBIAN_FOLDER if DEBIAN_FOLDER.is_dir() else data_folder(NAME)


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; see `trainers.data.idx_set`.

    Raises:
        DataError: files are missing or damaged, images aren't 28x28, or the splits ask for too
            many samples.
    """
    chosen = cast(IdxSetOptions, options)
    return load_set(NAME, chosen.path or default_folder(), CLASSES, chosen, remedy=REMEDY)


FASHION_MNIST = Dataset(
    summary="70,000 real images of clothes, 28x28, 10 classes",
    options=IdxSetOptions,
    load=load,
    download=from_source(NAME, default_folder),
)
