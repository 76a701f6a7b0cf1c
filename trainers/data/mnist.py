"""MNIST: 60,000 + 10,000 handwritten digits, 28x28, grey.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86, 1998. The test split is the official one.
"""

from typing import cast

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.idx_set import IdxSetOptions, load_set
from trainers.data.splits import DataSplits

NAME = "mnist"
CLASSES = tuple("0123456789")


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; see `trainers.data.idx_set`.

    Raises:
        DataError: files are missing, damaged or another set's, or the splits ask for too many
            samples.
    """
    chosen = cast(IdxSetOptions, options)
    folder = chosen.path or data_folder(NAME)
    remedy = "Run `spikeport download mnist`, or name their folder in data.path."
    return load_set(NAME, folder, CLASSES, chosen, remedy=remedy)


MNIST = Dataset(
    summary="70,000 real handwritten digits, 28x28, 10 classes",
    options=IdxSetOptions,
    load=load,
    download=from_source(NAME),
)
