"""The test split in memory, as samples.npz and the chip's inputs need it."""

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from trainers.data import DataSplits, Split
from trainers.errors import ConfigError

MAX_BYTES = 1 << 32
"""Of test samples that are read from files for it; arrays that came in memory may be larger."""


def refuse_large_test_split(data: DataSplits) -> None:
    """Lets a test split pass that can be held in memory.

    Raises:
        ConfigError: a lazy split of more than MAX_BYTES.
    """
    inputs = data.test.inputs
    sample = prod(inputs.shape[1:]) * inputs.dtype.itemsize
    if not isinstance(inputs, np.ndarray) and len(inputs) * sample > MAX_BYTES:
        raise ConfigError(
            f"data set '{data.name}': its {len(inputs):,} test samples take "
            f"{len(inputs) * sample / 2**30:.1f} GiB in samples.npz, at most "
            f"{MAX_BYTES / 2**30:g} GiB are written. Set data.test_samples to at most "
            f"{MAX_BYTES // sample:,}."
        )


def with_tested_samples(data: DataSplits) -> tuple[DataSplits, NDArray[np.float32]]:
    """The data with its test inputs in memory, and those inputs.

    Raises:
        ConfigError: as of `refuse_large_test_split`.
        DataError: a test sample can't be read.
    """
    refuse_large_test_split(data)
    inputs = data.test.inputs[:]
    return replace(data, test=Split(inputs, data.test.labels)), inputs
