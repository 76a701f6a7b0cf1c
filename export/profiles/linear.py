"""Linear nodes as all profiles write them: float32 weights with a bias, dense square kernels."""

import copy
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.dense_kernels import squared, ungrouped
from export.errors import InvalidGraph
from export.folding.weighted import bias_of
from export.graph_order import OrderedNode
from export.profiles.profile import refused
from export.window import conv1d_window, conv_window, pool_window


def linear_node(where: str, ordered: OrderedNode) -> nir.NIRNode:
    """The node as it is written, or a copy of one without weights and windows.

    Args:
        where: its name in messages.
        ordered: the node.

    Raises:
        UnsupportedLayer: a kernel or padding that NIR's readers can't hold.
        InvalidGraph: a weight leaves float32.
    """
    node: Any = ordered.node
    if isinstance(node, nir.Affine | nir.Linear):
        return nir.Affine(*_weights(where, node, np.asarray(node.weight)))
    if isinstance(node, nir.Conv2d):
        return _conv2d(where, ordered)
    if isinstance(node, nir.Conv1d):
        return _conv1d(where, ordered)
    if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
        return _pool(ordered)
    if isinstance(node, nir.Flatten):
        shape = {"input": np.array(ordered.given)}
        return nir.Flatten(shape, start_dim=int(node.start_dim), end_dim=int(node.end_dim))
    # NIR's type check writes into the nodes it is given.
    return copy.deepcopy(node)


def _conv2d(where: str, ordered: OrderedNode) -> nir.Conv2d:
    window = conv_window(ordered.name, ordered.node)
    kernel, padding = squared(where, ungrouped(ordered.node), window)
    weight, bias = _weights(where, ordered.node, kernel)
    return nir.Conv2d(
        input_shape=(ordered.given[1], ordered.given[2]),
        weight=weight,
        stride=window.stride,
        padding=padding,
        dilation=window.dilation,
        groups=1,
        bias=bias,
    )


def _conv1d(where: str, ordered: OrderedNode) -> nir.Conv1d:
    window = conv1d_window(ordered.name, ordered.node)
    kernel = ungrouped(ordered.node)
    if window.before != window.after:
        raise refused(
            where, "pads one side more than the other", "physical",
            "NIR has one number for both", "Use an odd kernel.",
        )  # fmt: skip
    weight, bias = _weights(where, ordered.node, kernel)
    return nir.Conv1d(
        input_shape=ordered.given[1],
        weight=weight,
        stride=window.stride[1],
        padding=window.before[1],
        dilation=window.dilation[1],
        groups=1,
        bias=bias,
    )


def _pool(ordered: OrderedNode) -> nir.NIRNode:
    window = pool_window(ordered.name, ordered.node)
    numbers = (np.array(pair) for pair in (window.kernel, window.stride, window.before))
    return type(ordered.node)(*numbers)


def _weights(
    where: str, node: Any, weight: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    bias = bias_of(node)
    found = (weight, np.zeros(len(weight)) if bias is None else bias)
    rounded = []
    for values in found:
        with np.errstate(over="ignore"):
            rounded.append(values.astype(np.float32))
    if not all(np.isfinite(values).all() for values in rounded):
        raise InvalidGraph(f"{where}: its weights leave float32. Train with smaller ones.")
    return rounded[0], rounded[1]
