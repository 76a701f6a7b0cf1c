"""Data sets, one file each and one line each in the table."""

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.digits import DIGITS
from trainers.data.splits import DataSplits, Split

__all__ = ["DATASETS", "DataSplits", "Dataset", "DatasetOptions", "Split"]

DATASETS: dict[str, Dataset] = {
    "digits": DIGITS,
}
