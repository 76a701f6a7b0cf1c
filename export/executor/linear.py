"""Linear NIR nodes in torch float64, on [samples, *shape].

Every sample goes through the same sequence of additions whatever batch it comes in: torch's
float64 convolution is one matrix product per sample, and a dense layer is run as a convolution of
one pixel, since a matrix product over a batch sums in an order that depends on the batch size.
The product's order also depends on memory alignment, so channels are padded with zeros until each
sample starts on a 64-byte boundary. tests/export/executor/test_batch_size.py holds this.
"""

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from export.graph_order import OrderedNode
from export.unfolded_nodes import BatchNorm, PermutedFlatten
from export.window import Window, conv1d_window, conv_window, pool_window

Operation = Callable[[Tensor], Tensor]

ALIGNMENT = 8
"""Doubles in 64 bytes."""

_PIXEL = Window(kernel=(1, 1), stride=(1, 1))


def linear_operation(ordered: OrderedNode) -> Operation:
    """The function a linear node computes, float64 [N, *given] -> [N, *shape]."""
    return _OPERATIONS[type(ordered.node)](ordered)


def _affine(ordered: OrderedNode) -> Operation:
    weight = doubles(ordered.node.weight)
    bias = _bias(ordered.node, len(weight))

    def apply(x: Tensor) -> Tensor:
        pixels = x.reshape(-1, x.shape[-1], 1, 1)
        y = _convolve(pixels, weight[:, :, None, None], _PIXEL, groups=1)
        return y.reshape(*x.shape[:-1], len(weight)) + bias

    return apply


def _conv2d(ordered: OrderedNode) -> Operation:
    node = ordered.node
    weight = doubles(node.weight)
    bias = _bias(node, len(weight))[:, None, None]
    window = conv_window(ordered.name, node)
    return lambda x: _convolve(x, weight, window, int(node.groups)) + bias


def _conv1d(ordered: OrderedNode) -> Operation:
    node = ordered.node
    weight = doubles(node.weight)
    bias = _bias(node, len(weight))[:, None]
    window = conv1d_window(ordered.name, node)

    def apply(x: Tensor) -> Tensor:
        y = _convolve(x[:, :, None], weight[:, :, None], window, int(node.groups))
        return y[:, :, 0] + bias

    return apply


def _sum_pool(ordered: OrderedNode) -> Operation:
    return _pool(ordered, divisor=1)


def _average_pool(ordered: OrderedNode) -> Operation:
    return _pool(ordered, divisor=None)


def _pool(ordered: OrderedNode, divisor: int | None) -> Operation:
    window = pool_window(ordered.name, ordered.node)
    return lambda x: F.avg_pool2d(
        _padded(x, window), window.kernel, window.stride, divisor_override=divisor
    )


def _flatten(ordered: OrderedNode) -> Operation:
    return lambda x: x.reshape(len(x), *ordered.shape)


def _norm(ordered: OrderedNode) -> Operation:
    gain, shift = (
        doubles(values).view(-1, *(1,) * (len(ordered.shape) - 1))
        for values in (ordered.node.gain, ordered.node.shift)
    )
    return lambda x: gain * x + shift


def _scale(ordered: OrderedNode) -> Operation:
    scale = doubles(ordered.node.scale)
    return lambda x: scale * x


def _permuted_flatten(ordered: OrderedNode) -> Operation:
    axes = (0, *(axis + 1 for axis in ordered.node.order))
    return lambda x: x.permute(axes).reshape(len(x), *ordered.shape)


def _convolve(x: Tensor, weight: Tensor, window: Window, groups: int) -> Tensor:
    samples, outputs = len(x), len(weight) // groups
    more_in = -(x.shape[1] // groups) % ALIGNMENT
    more_out = -outputs % ALIGNMENT
    # A lone sample would be multiplied by several threads, samples in a batch by one each.
    lone = 1 if samples == 1 else 0
    x = _padded(x, window).unflatten(1, (groups, -1))
    x = F.pad(x, (0, 0, 0, 0, 0, more_in, 0, 0, 0, lone)).flatten(1, 2)
    kernels = weight.unflatten(0, (groups, -1))
    kernels = F.pad(kernels, (0, 0, 0, 0, 0, more_in, 0, more_out)).flatten(0, 1)
    y = F.conv2d(x, kernels, stride=window.stride, dilation=window.dilation, groups=groups)
    kept: Tensor = y.unflatten(1, (groups, -1))[:samples, :, :outputs]
    return kept.flatten(1, 2)


def _padded(x: Tensor, window: Window) -> Tensor:
    (top, left), (bottom, right) = window.before, window.after
    return F.pad(x, (left, right, top, bottom))


def doubles(array: Any) -> Tensor:
    """A parameter as a float64 tensor of its own."""
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _bias(node: Any, outputs: int) -> Tensor:
    bias = getattr(node, "bias", None)
    return torch.zeros(outputs, dtype=torch.float64) if bias is None else doubles(bias)


_OPERATIONS: dict[type, Callable[[OrderedNode], Operation]] = {
    nir.Affine: _affine,
    nir.Linear: _affine,
    nir.Conv1d: _conv1d,
    nir.Conv2d: _conv2d,
    nir.SumPool2d: _sum_pool,
    nir.AvgPool2d: _average_pool,
    nir.Flatten: _flatten,
    nir.Scale: _scale,
    BatchNorm: _norm,
    PermutedFlatten: _permuted_flatten,
}
