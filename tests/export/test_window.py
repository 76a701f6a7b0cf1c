"""The sliding window against torch's own output shapes."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

from export.errors import InvalidGraph, UnsupportedLayer
from export.window import Window, conv_window, pool_window


def conv(kernel: tuple[int, int], stride: Any, padding: Any, dilation: Any) -> nir.Conv2d:
    node = nir.Conv2d((9, 9), np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1))
    node.weight = np.ones((1, 1, *kernel))
    node.stride, node.padding, node.dilation = stride, padding, dilation
    return node


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (1, 4), (5, 2)])
@pytest.mark.parametrize(
    ("stride", "padding", "dilation"),
    [
        (1, 0, 1),
        (2, 1, 1),
        ((1, 3), (0, 2), (2, 1)),
        (np.array([2, 1]), np.array([1, 1]), np.array([1, 2])),
        (1, "same", 1),
        (1, b"same", (2, 1)),
        ((2, 1), "valid", 1),
    ],
)
def test_slides_as_torch_does(
    kernel: tuple[int, int], stride: Any, padding: Any, dilation: Any
) -> None:
    """Numbers of positions are those of torch.nn.functional.conv2d."""
    words = padding.decode() if isinstance(padding, bytes) else padding
    torch_form: Any = [
        value if isinstance(value, str) else tuple(np.broadcast_to(value, 2).tolist())
        for value in (stride, words, dilation)
    ]
    y = torch.nn.functional.conv2d(
        torch.zeros(1, 1, 9, 11), torch.zeros(1, 1, *kernel), None, *torch_form
    )
    window = conv_window("c", conv(kernel, stride, padding, dilation))
    assert window.slide("c", (9, 11)) == tuple(y.shape[2:])


def test_same_with_stride() -> None:
    """'same' with a stride means different things to different tools."""
    with pytest.raises(UnsupportedLayer, match=r"'c': padding 'same' with stride \(2, 2\)"):
        conv_window("c", conv((3, 3), 2, "same", 1))


@pytest.mark.parametrize(("stride", "padding"), [(0, 0), (1, -1), (1.5, 0), ((1, 1, 1), 0)])
def test_fields_that_make_no_sense(stride: Any, padding: Any) -> None:
    """Zero, negative, fractional or too many numbers are refused."""
    with pytest.raises(InvalidGraph, match="one or two whole numbers"):
        conv_window("c", conv((3, 3), stride, padding, 1))


def test_pooling() -> None:
    """Pooling's arrays of one or two numbers are read alike."""
    node = nir.SumPool2d(np.array([3, 2]), np.array([2]), np.array([0, 1]))
    assert pool_window("p", node) == Window((3, 2), (2, 2), (1, 1), (0, 1), (0, 1))


def test_window_larger_than_input() -> None:
    """A kernel that doesn't fit is refused, not shrunk."""
    with pytest.raises(InvalidGraph, match=r"'p': its \(3, 3\) window doesn't fit"):
        Window((3, 3), (1, 1)).slide("p", (2, 5))
