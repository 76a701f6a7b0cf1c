"""One projection out of several linear nodes, exactly: pooling never costs a population.

Sum pooling (kernel k, stride s, padding b) followed by a convolution (kernel K, stride S, padding
P, dilation D) is one convolution with weight W'[.., D s i + p] += W[.., i] for p < k, stride s S
and padding s P + b. Padding P must find zeros where it stood around the pooled map: above if k <=
s + b, and below if no neuron that can fire lies past the last pooled row, m s - b. Where an odd
size leaves such rows, `export.quantizing.live_region` tries to silence them. What can't be one
convolution is written out as a matrix.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded
from export.graph_order import OrderedNode
from export.quantizing.currents import along, currents, macs
from export.quantizing.segments import Path, Segment, only_path
from export.window import Pair, conv_window, pool_window

__all__ = ["FloatConv", "FloatDense", "compose", "currents", "folded", "macs"]

FloatArray = NDArray[np.float64]

MAX_MATRIX_ELEMENTS = 1 << 27
PROBES_AT_ONCE = 1024


@dataclass(frozen=True)
class FloatConv:
    """A convolution before quantisation; weight [O, I / groups, kH, kW], bias [O]."""

    weight: FloatArray
    bias: FloatArray
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class FloatDense:
    """A matrix before quantisation; weight [targets, sources] in C, H, W order, bias [targets]."""

    weight: FloatArray
    bias: FloatArray


def compose(path: Path | Segment, live: Pair | None = None) -> FloatConv | FloatDense:
    """The path's nodes as one convolution if that is exact, else as one matrix.

    Args:
        path: linear nodes between two populations; or a segment of one path.
        live: rows and columns of the source, from the first, whose neurons can fire; None: all.

    Raises:
        LimitExceeded: the matrix would be too large to write out.
        UnsupportedLayer: the segment has several paths.
    """
    path = only_path(path) if isinstance(path, Segment) else path
    return folded(path, live) or _matrix(path)


def folded(path: Path, live: Pair | None = None) -> FloatConv | None:
    """The path as one convolution, or None where that wouldn't be exact."""
    if len(path.given) != 3 or len(path.shape) != 3:
        return None
    *pools, last = path.nodes or (None,)
    if last is not None and isinstance(last.node, nir.Conv2d):
        conv = _conv(last)
    else:
        pools = [*path.nodes]
        conv = _identity(path.given[0])
    if conv is None or not all(isinstance(p.node, nir.SumPool2d | nir.AvgPool2d) for p in pools):
        return None
    alive = _alive(pools, (path.given[1], path.given[2]) if live is None else live)
    for pool, rows_columns in zip(reversed(pools), reversed(alive), strict=True):
        further = _pool_into(conv, pool, rows_columns)
        if further is None:
            return None
        conv = further
    return conv


def _conv(ordered: OrderedNode) -> FloatConv | None:
    window = conv_window(ordered.name, ordered.node)
    if window.before != window.after:
        return None
    weight = ordered.node.weight.astype(np.float64)
    groups = int(ordered.node.groups)
    bias = np.zeros(len(weight))
    if ordered.node.bias is not None:
        bias = np.asarray(ordered.node.bias, dtype=np.float64)
    return FloatConv(weight, bias, window.stride, window.before, window.dilation, groups)


def _identity(channels: int) -> FloatConv:
    return FloatConv(np.ones((channels, 1, 1, 1)), np.zeros(channels), groups=channels)


def _alive(pools: list[Any], live: Pair) -> list[Pair]:
    """Rows and columns of each pool's input, from the first, that can be other than 0."""
    found = []
    for pool in pools:
        found.append(live)
        window = pool_window(pool.name, pool.node)
        rows, columns = (
            min(pool.shape[axis + 1], -(-(live[axis] + window.before[axis]) // window.stride[axis]))
            for axis in (0, 1)
        )
        live = (rows, columns)
    return found


def _pool_into(conv: FloatConv, pool: OrderedNode, live: Pair) -> FloatConv | None:
    window = pool_window(pool.name, pool.node)
    weight = conv.weight
    for axis in (0, 1):
        kernel, step, zeros = window.kernel[axis], window.stride[axis], window.before[axis]
        # Rows of zeros around the pooled map must be rows of zeros around the unpooled one.
        above = kernel <= step + zeros
        below = pool.shape[axis + 1] * step - zeros >= live[axis]
        if conv.padding[axis] and not (above and below):
            return None
        weight = _spread(weight, axis + 2, conv.dilation[axis] * step, kernel)
    if isinstance(pool.node, nir.AvgPool2d):
        weight = weight / prod(window.kernel)
    stride, before = window.stride, window.before
    return replace(
        conv,
        weight=weight,
        stride=(conv.stride[0] * stride[0], conv.stride[1] * stride[1]),
        padding=(
            conv.padding[0] * stride[0] + before[0],
            conv.padding[1] * stride[1] + before[1],
        ),
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


def _matrix(path: Path) -> FloatDense:
    sources, targets = prod(path.given), prod(path.shape)
    if sources * targets > MAX_MATRIX_ELEMENTS:
        raise LimitExceeded(
            f"node '{path.target}': its path from '{path.source}' doesn't fold into one "
            f"convolution, and as a matrix it would hold {sources * targets:,} weights, more than "
            f"{MAX_MATRIX_ELEMENTS:,}. Use sizes that pooling divides evenly."
        )
    constant = along(path, np.zeros((1, *path.given))).reshape(targets)
    weight = np.empty((targets, sources))
    for start in range(0, sources, PROBES_AT_ONCE):
        probes = np.eye(min(PROBES_AT_ONCE, sources - start), sources, k=start)
        answers = along(path, probes.reshape(-1, *path.given))
        weight[:, start : start + len(probes)] = (answers.reshape(-1, targets) - constant).T
    return FloatDense(weight, constant)
