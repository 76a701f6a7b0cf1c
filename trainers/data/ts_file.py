"""Your own time series, or any of the UCR and UEA archives: two .ts files, training and test."""

from pathlib import Path
from typing import cast

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.series_splits import SeriesOptions, split_series
from trainers.data.splits import DataSplits
from trainers.data.ts_cases import read_cases


class TsFileOptions(SeriesOptions):
    """Options of `ts-file`.

    Args:
        train: the training file, relative to where the command runs.
        test: the test file.
    """

    train: Path
    test: Path


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; inputs are standardised sequences [N, T, channels].

    Raises:
        DataError: a file is missing or damaged, or the two don't fit together or the options.
    """
    chosen = cast(TsFileOptions, options)
    name = chosen.train.stem.removesuffix("_TRAIN")
    return split_series(name, read_cases(chosen.train), read_cases(chosen.test), chosen)


TS_FILE = Dataset(
    summary="time series in two .ts files (UCR and UEA archives), also of unequal lengths",
    options=TsFileOptions,
    load=load,
)
