"""The shape of a layer, as it stands in a file."""

import math

from export.chip.hdf5_guard import GuardedGroup
from export.errors import InvalidGraph

MAX_NEURONS = 1 << 28
"""Neurons in one layer; the largest Loihi systems hold fewer per chip by far."""


def read_shape(layer: GuardedGroup) -> tuple[int, ...]:
    """Dataset `shape`: (N,) or (C, H, W).

    Raises:
        InvalidGraph: it is neither, or claims too many neurons.
        FileError: the dataset is missing or damaged.
    """
    count = math.prod(layer.shape("shape"))
    if count not in (1, 3):
        raise InvalidGraph(
            f"{layer.where}: shape has {count} sizes, expected (N,) or (C, H, W). Flatten it."
        )
    sizes = tuple(layer.integers("shape").reshape(-1).tolist())
    if min(sizes) < 1 or math.prod(sizes) > MAX_NEURONS:
        raise InvalidGraph(
            f"{layer.where}: shape {sizes} isn't (N,) or (C, H, W) of 1 to {MAX_NEURONS} neurons."
        )
    return sizes
