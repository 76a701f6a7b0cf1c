"""KMNIST: 60,000 + 10,000 handwritten cursive Japanese characters (Kuzushiji), 28x28, grey.

Source: Clanuwat et al., "Deep Learning for Classical Japanese Literature", arXiv 1812.01718;
CC BY-SA 4.0 (ROIS-DS Center for Open Data in the Humanities). Classes are rows of hiragana, named
as in the authors' kmnist_classmap.csv, in Latin letters. The test split is the official one.
"""

from typing import cast

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.idx_set import IdxSetOptions, load_set
from trainers.data.splits import DataSplits

NAME = "kmnist"
CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; see `trainers.data.idx_set`.

    Raises:
        DataError: files are missing, damaged or another set's, or the splits ask for too many
            samples.
    """
    chosen = cast(IdxSetOptions, options)
    folder = chosen.path or data_folder(NAME)
    remedy = "Run `spikeport download kmnist`, or name their folder in data.path."
    return load_set(NAME, folder, CLASSES, chosen, remedy=remedy)


KMNIST = Dataset(
    summary="70,000 real handwritten Japanese characters, 28x28, 10 classes",
    options=IdxSetOptions,
    load=load,
    download=from_source(NAME),
)
