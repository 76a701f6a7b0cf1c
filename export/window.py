"""The sliding window of a convolution or a pooling, in one reading for every target.

NIR allows one number or a pair for stride, dilation and padding, and the words 'same' and 'valid';
here all of them become explicit numbers.
"""

from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np

from export.errors import InvalidGraph, UnsupportedLayer

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A window that slides over rows and columns.

    Args:
        kernel: (rows, columns).
        stride: (rows, columns).
        dilation: (rows, columns).
        before: zeros added above and to the left.
        after: zeros added below and to the right.
    """

    kernel: Pair
    stride: Pair
    dilation: Pair = (1, 1)
    before: Pair = (0, 0)
    after: Pair = (0, 0)

    def slide(self, name: str, size: Pair) -> Pair:
        """Positions the window takes, per axis.

        n = floor((size + before + after - dilation (kernel - 1) - 1) / stride) + 1

        Raises:
            InvalidGraph: the window is larger than the padded input.
        """
        rows, columns = (
            (size[k] + self.before[k] + self.after[k] - self.reach[k] - 1) // self.stride[k] + 1
            for k in (0, 1)
        )
        if rows < 1 or columns < 1:
            raise InvalidGraph(
                f"NIR node '{name}': its {self.kernel} window doesn't fit into an input of {size}. "
                "Use a smaller kernel or more padding."
            )
        return rows, columns

    @property
    def reach(self) -> Pair:
        """Distance from a window's first element to its last: dilation (kernel - 1)."""
        return (
            self.dilation[0] * (self.kernel[0] - 1),
            self.dilation[1] * (self.kernel[1] - 1),
        )


def conv_window(name: str, node: nir.Conv2d) -> Window:
    """The window of a Conv2d node.

    'same' puts the odd zero below and to the right, as torch and ONNX's SAME_UPPER do.

    Raises:
        InvalidGraph: a field isn't what NIR allows.
        UnsupportedLayer: padding 'same' with a stride, which NIR's own tools read differently.
    """
    kernel = (int(node.weight.shape[2]), int(node.weight.shape[3]))
    stride = _pair(name, "stride", node.stride, smallest=1)
    dilation = _pair(name, "dilation", node.dilation, smallest=1)
    return _padded(name, Window(kernel, stride, dilation), node)


def conv1d_window(name: str, node: nir.Conv1d) -> Window:
    """The window of a Conv1d node, as one over a single row.

    Raises:
        InvalidGraph: a field isn't what NIR allows.
        UnsupportedLayer: as `conv_window`.
    """
    stride = _pair(name, "stride", node.stride, smallest=1)[1]
    dilation = _pair(name, "dilation", node.dilation, smallest=1)[1]
    row = Window((1, int(node.weight.shape[2])), (1, stride), (1, dilation))
    window = _padded(name, row, node)
    return replace(window, before=(0, window.before[1]), after=(0, window.after[1]))


def _padded(name: str, bare: Window, node: nir.Conv1d | nir.Conv2d) -> Window:
    padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if isinstance(padding, str) and padding == "same":
        if bare.stride != (1, 1):
            raise UnsupportedLayer(
                f"NIR node '{name}': padding 'same' with stride {bare.stride} has no agreed "
                "meaning. Give the padding in numbers."
            )
        before = (bare.reach[0] // 2, bare.reach[1] // 2)
        after = (bare.reach[0] - before[0], bare.reach[1] - before[1])
        return replace(bare, before=before, after=after)
    if isinstance(padding, str) and padding == "valid":
        return bare
    zeros = _pair(name, "padding", padding, smallest=0)
    return replace(bare, before=zeros, after=zeros)


def pool_window(name: str, node: nir.SumPool2d | nir.AvgPool2d) -> Window:
    """The window of a pooling node.

    Raises:
        InvalidGraph: a field isn't what NIR allows.
    """
    zeros = _pair(name, "padding", node.padding, smallest=0)
    return Window(
        kernel=_pair(name, "kernel_size", node.kernel_size, smallest=1),
        stride=_pair(name, "stride", node.stride, smallest=1),
        before=zeros,
        after=zeros,
    )


def _pair(name: str, field: str, value: Any, smallest: int) -> Pair:
    array = np.asarray(value)
    whole = array.dtype.kind in "iu" or (
        array.dtype.kind == "f" and bool((array == np.floor(array)).all())
    )
    if not whole or array.size not in (1, 2) or int(array.min()) < smallest:
        raise InvalidGraph(
            f"NIR node '{name}': {field} ({value!r}) must be one or two whole numbers >= "
            f"{smallest}. Export it again."
        )
    rows, columns = (int(number) for number in np.broadcast_to(array.reshape(-1), (2,)))
    return rows, columns
