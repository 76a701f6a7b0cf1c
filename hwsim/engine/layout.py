"""The order in which the emulator keeps the neurons of a (C, H, W) population: H, W, C.

Convolutions run fastest with their channels last. Flat populations stay as they are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray


def channels_last(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values [..., *shape] as [..., neurons] in the emulator's order."""
    lead = values.shape[: values.ndim - len(shape)]
    ordered = values if len(shape) == 1 else np.moveaxis(values, -3, -1)
    return ordered.reshape(*lead, -1)


def channels_first(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values [..., neurons] in the emulator's order as [..., *shape]."""
    lead = values.shape[:-1]
    if len(shape) == 1:
        return values.reshape(*lead, *shape)
    channels, rows, columns = shape
    return np.moveaxis(values.reshape(*lead, rows, columns, channels), -1, -3)


def places(shape: tuple[int, ...]) -> IntArray:
    """For each neuron in the emulator's order, its place in C, H, W order."""
    return channels_last(np.arange(int(np.prod(shape))).reshape(shape), shape)


def ordered(weight: IntArray, source: tuple[int, ...], target: tuple[int, ...]) -> IntArray:
    """A matrix [targets, sources] in C, H, W order with both sides in the emulator's."""
    return weight[np.ix_(places(target), places(source))]
