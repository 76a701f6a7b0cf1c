"""Values that stand for probabilities or times must lie in [0, 1]."""

import numpy as np
from numpy.typing import NDArray

from trainers.data import DataSplits
from trainers.errors import ConfigError, DataError


def refuse_outside(encoding: str, data: DataSplits) -> None:
    """Looks at all values in memory; lazy ones are looked at as they are read.

    Raises:
        ConfigError: names the split and its range.
    """
    for part in ("train", "validation", "test"):
        inputs = getattr(data, part).inputs
        if not isinstance(inputs, np.ndarray):
            continue
        lowest, highest = float(inputs.min()), float(inputs.max())
        if lowest < 0 or highest > 1:
            raise ConfigError(
                f"encoding '{encoding}': the {part} split of data set '{data.name}' has values "
                f"from {lowest:g} to {highest:g}, but they must lie in [0, 1]. Scale the data, or "
                "use encoding 'direct'."
            )


def in_unit_interval(encoding: str, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same samples.

    Raises:
        DataError: a value lies outside.
    """
    if not ((samples >= 0) & (samples <= 1)).all():
        raise DataError(
            f"encoding '{encoding}': a sample has values from {samples.min():g} to "
            f"{samples.max():g}, but they must lie in [0, 1]. Scale the data, or use encoding "
            "'direct'."
        )
    return samples
