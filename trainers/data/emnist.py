"""EMNIST: handwritten digits and letters of NIST's Special Database 19, 28x28, grey.

Source: Cohen, Afshar, Tapson, van Schaik, arXiv 1702.05373; six ways to divide the same database,
each with an official test set:

    balanced 112,800 + 18,800, 47 classes     byclass 697,932 + 116,323, 62 classes
    letters  124,800 + 20,800, 26 classes     bymerge 697,932 + 116,323, 47 classes
    digits   240,000 + 40,000, 10 classes     mnist    60,000 + 10,000,  10 classes

Label order is that of the mapping files beside the data: digits, capitals, small letters; where
capital and small letter look alike (`bymerge`, `balanced`), one class named by the capital holds
both. Labels of `letters` start at 1 and mean either form. The files hold each image transposed, so
rows and columns are swapped here. In memory `byclass` and `bymerge` take 2.6 GB as float32.
"""

from string import ascii_uppercase, digits
from typing import Literal, cast

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.idx_set import IdxSetOptions, load_set
from trainers.data.splits import DataSplits

NAME = "emnist"

_MERGED = tuple(digits + ascii_uppercase + "abdefghnqrt")

CLASSES: dict[str, tuple[str, ...]] = {
    "balanced": _MERGED,
    "byclass": tuple(digits + ascii_uppercase + ascii_uppercase.lower()),
    "bymerge": _MERGED,
    "digits": tuple(digits),
    "letters": tuple(ascii_uppercase),
    "mnist": tuple(digits),
}
"""Names of each division's classes, in label order."""


class EmnistOptions(IdxSetOptions):
    """Options of `emnist`.

    Args:
        split: which of the six divisions.
    """

    split: Literal["balanced", "byclass", "bymerge", "digits", "letters", "mnist"] = "balanced"


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits one division; see `trainers.data.idx_set`.

    Raises:
        DataError: files are missing, damaged or another set's, or the splits ask for too many
            samples.
    """
    chosen = cast(EmnistOptions, options)
    return load_set(
        f"{NAME}-{chosen.split}",
        chosen.path or data_folder(NAME),
        CLASSES[chosen.split],
        chosen,
        remedy="Run `spikeport download emnist`, or name their folder in data.path.",
        prefix=f"{NAME}-{chosen.split}-",
        transposed=True,
        first_label=1 if chosen.split == "letters" else 0,
    )


EMNIST = Dataset(
    summary="handwritten digits and letters, 28x28, 10 to 62 classes by data.split",
    options=EmnistOptions,
    load=load,
    download=from_source(NAME),
)
