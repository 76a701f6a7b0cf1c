"""One projection out of several linear nodes, exactly: pooling never costs a population.

Sum pooling (kernel k, stride s) followed by a convolution (kernel K, stride S, padding P,
dilation D) is one convolution with weight W'[.., D s i + p] += W[.., i] for p < k, stride s S and
padding s P. Where borders forbid that (odd sizes), the composition is written out as a matrix.
"""

from dataclasses import dataclass, replace
from math import prod

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from export.errors import LimitExceeded
from export.executor.linear import linear_operation
from export.graph_order import OrderedNode
from export.quantizing.segments import Segment
from export.window import Pair, conv_window, pool_window

FloatArray = NDArray[np.float64]

MAX_MATRIX_ELEMENTS = 1 << 27
PROBES_AT_ONCE = 1024


@dataclass(frozen=True)
class FloatConv:
    """A convolution before quantisation; weight [O, I, kH, kW], bias [O]."""

    weight: FloatArray
    bias: FloatArray
    stride: Pair
    padding: Pair
    dilation: Pair


@dataclass(frozen=True)
class FloatDense:
    """A matrix before quantisation; weight [targets, sources] in C, H, W order, bias [targets]."""

    weight: FloatArray
    bias: FloatArray


def compose(segment: Segment) -> FloatConv | FloatDense:
    """The segment's nodes as one convolution if that is exact, else as one matrix.

    Raises:
        LimitExceeded: the matrix would be too large to write out.
    """
    *pools, last = segment.nodes
    if isinstance(last.node, nir.Conv2d) and all(
        isinstance(pool.node, nir.SumPool2d) for pool in pools
    ):
        conv = _conv(last)
        for pool in reversed(pools):
            conv = _pool_into(conv, pool) if conv else None
        if conv:
            return conv
    return _matrix(segment)


def macs(segment: Segment) -> int:
    """Multiply-accumulates of the segment for one input, borders counted in full."""
    total = 0
    for ordered in segment.nodes:
        if isinstance(ordered.node, nir.Conv2d):
            total += prod(ordered.shape) * prod(ordered.node.weight.shape[1:])
        elif isinstance(ordered.node, nir.Affine | nir.Linear):
            total += int(ordered.node.weight.size)
    return total


def currents(segment: Segment, inputs: FloatArray) -> FloatArray:
    """The current the segment delivers, float64 [N, *shape], for inputs [N, *given]."""
    with torch.no_grad():
        values = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float64))
        for ordered in segment.nodes:
            values = linear_operation(ordered)(values)
    result: FloatArray = values.numpy()
    return result


def _conv(ordered: OrderedNode) -> FloatConv | None:
    window = conv_window(ordered.name, ordered.node)
    if int(ordered.node.groups) != 1 or window.before != window.after:
        return None
    weight = ordered.node.weight.astype(np.float64)
    bias = ordered.node.bias
    return FloatConv(
        weight,
        np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=np.float64),
        window.stride,
        window.before,
        window.dilation,
    )


def _pool_into(conv: FloatConv, pool: OrderedNode) -> FloatConv | None:
    window = pool_window(pool.name, pool.node)
    weight = conv.weight
    for axis in (0, 1):
        kernel, stride = window.kernel[axis], window.stride[axis]
        # Rows of zeros around the pooled map must be rows of zeros around the unpooled one.
        covers = kernel <= stride and pool.shape[axis + 1] * stride >= pool.given[axis + 1]
        if window.before[axis] or (conv.padding[axis] and not covers):
            return None
        weight = _spread(weight, axis + 2, conv.dilation[axis] * stride, kernel)
    return replace(
        conv,
        weight=weight,
        stride=(conv.stride[0] * window.stride[0], conv.stride[1] * window.stride[1]),
        padding=(conv.padding[0] * window.stride[0], conv.padding[1] * window.stride[1]),
        dilation=(1, 1),
    )


def _spread(weight: FloatArray, axis: int, step: int, width: int) -> FloatArray:
    """W'[step * i + p] += W[i] for p < width, along one axis."""
    taps = weight.shape[axis]
    shape = list(weight.shape)
    shape[axis] = step * (taps - 1) + width
    spread = np.zeros(shape)
    view, source = np.moveaxis(spread, axis, 0), np.moveaxis(weight, axis, 0)
    for tap in range(taps):
        view[step * tap : step * tap + width] += source[tap]
    return spread


def _matrix(segment: Segment) -> FloatDense:
    sources, targets = prod(segment.given), prod(segment.shape)
    if sources * targets > MAX_MATRIX_ELEMENTS:
        raise LimitExceeded(
            f"node '{segment.target}': its path from '{segment.source}' doesn't fold into one "
            f"convolution, and as a matrix it would hold {sources * targets:,} weights, more than "
            f"{MAX_MATRIX_ELEMENTS:,}. Use sizes that pooling divides evenly."
        )
    bias = currents(segment, np.zeros((1, *segment.given))).reshape(targets)
    weight = np.empty((targets, sources))
    for start in range(0, sources, PROBES_AT_ONCE):
        probes = np.eye(min(PROBES_AT_ONCE, sources - start), sources, k=start)
        answers = currents(segment, probes.reshape(-1, *segment.given))
        weight[:, start : start + len(probes)] = (answers.reshape(-1, targets) - bias).T
    return FloatDense(weight, bias)
