"""Standard deviation of each channel over a training split, read block by block."""

from math import prod

import numpy as np
from numpy.typing import NDArray

from trainers.data import DataSplits
from trainers.errors import DataError

BLOCK_VALUES = 1 << 20
"""Values that are in memory at once as float64."""


def channel_deviation(encoding: str, data: DataSplits) -> NDArray[np.float64]:
    """Over all training samples, steps and pixels of sequences [N, T, C, ...]; float64 [C].

    Blocks are merged by Chan, Golub and LeVeque 1983: sums of squares about each block's own mean,
    plus what the means differ by.

    Raises:
        DataError: a channel has the same value everywhere, or a sample can't be read.
    """
    inputs = data.train.inputs
    channels = inputs.shape[2]
    seen, mean, squares = 0, np.zeros(channels), np.zeros(channels)
    block = max(1, BLOCK_VALUES // prod(inputs.shape[1:]))
    for start in range(0, len(inputs), block):
        values = np.moveaxis(inputs[start : start + block], 2, 0).reshape(channels, -1)
        values = values.astype(np.float64)
        count, here = values.shape[1], values.mean(axis=1)
        apart = here - mean
        squares += ((values - here[:, None]) ** 2).sum(axis=1)
        squares += apart**2 * (seen * count / (seen + count))
        mean += apart * (count / (seen + count))
        seen += count
    constant = np.flatnonzero(squares == 0)
    if len(constant):
        raise DataError(
            f"encoding '{encoding}': channel {constant[0]} of data set '{data.name}' has the value "
            f"{mean[constant[0]]:g} in all training samples, so its standard deviation is 0. Set "
            "encoding.unit to signal, or leave the channel out."
        )
    return np.sqrt(squares / seen)
