"""Convolution kernels in the one form that all of NIR's readers take: ungrouped and square.

Importers and NIR's own type check ignore groups, and the latter takes the first size of a kernel
for both axes, so that nobody can read a file with a 3x1 kernel.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import UnsupportedLayer
from export.window import Pair, Window

FloatArray = NDArray[np.float64]


def ungrouped(node: Any) -> FloatArray:
    """The dense block-diagonal kernel [O, I, ...] of a Conv1d or Conv2d node, float64."""
    weight, groups = np.asarray(node.weight, dtype=np.float64), int(node.groups)
    if groups == 1:
        return weight
    outputs, per_group = weight.shape[:2]
    full = np.zeros((outputs, per_group * groups, *weight.shape[2:]))
    rows = outputs // groups
    for group in range(groups):
        row, column = group * rows, group * per_group
        full[row : row + rows, column : column + per_group] = weight[row : row + rows]
    return full


def squared(where: str, weight: FloatArray, window: Window) -> tuple[FloatArray, Pair]:
    """The kernel filled up with zeros to a square, and the padding that keeps its result the same.

    Args:
        where: whose kernel it is, for the message.
        weight: [O, I, rows, columns].
        window: of that kernel.

    Raises:
        UnsupportedLayer: it can't be filled up on both sides alike.
    """
    sizes = window.kernel
    missing = [max(sizes) - size for size in sizes]
    if any(more % 2 for more in missing) or window.before != window.after:
        raise UnsupportedLayer(
            f"{where}: a {sizes[0]}x{sizes[1]} kernel can't be filled up to "
            "a square on both sides alike, and NIR's readers take squares only. Use two odd "
            "or two even sizes."
        )
    half = [more // 2 for more in missing]
    padding = [p + d * b for p, d, b in zip(window.before, window.dilation, half, strict=True)]
    filled = np.pad(weight, [(0, 0), (0, 0), *((b, b) for b in half)])
    return filled, (padding[0], padding[1])
