"""Linear NIR nodes as ONNX operators on [batch, *shape], float32."""

from collections.abc import Callable
from typing import Any

import nir
import numpy as np

from export.graph_order import OrderedNode
from export.onnx.fragment import Fragment
from export.window import Window, conv_window, pool_window

Emit = Callable[[Fragment, OrderedNode, str, str], None]


def emit_linear(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    """Appends the operators of a linear node that turn tensor `given` into tensor `output`."""
    _EMITTERS[type(ordered.node)](fragment, ordered, given, output)


def _affine(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    node: Any = ordered.node
    bias = getattr(node, "bias", None)
    operands = [given]
    if len(ordered.given) == 1:
        operands.append(fragment.weights(f"w_{ordered.name}", node.weight, axis=0))
        if bias is not None:
            operands.append(fragment.kernel(f"b_{ordered.name}", bias))
        fragment.compute("Gemm", operands, output, transB=1)
        return
    operands.append(fragment.weights(f"w_{ordered.name}", np.transpose(node.weight), axis=1))
    if bias is None:
        fragment.compute("MatMul", operands, output)
        return
    product = fragment.compute("MatMul", operands, f"{output}_product")
    fragment.compute("Add", [product, fragment.kernel(f"b_{ordered.name}", bias)], output)


def _conv2d(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    node: Any = ordered.node
    operands = [given, fragment.weights(f"w_{ordered.name}", node.weight, axis=0)]
    if node.bias is not None:
        operands.append(fragment.kernel(f"b_{ordered.name}", node.bias))
    window = conv_window(ordered.name, node)
    _convolve(fragment, operands, output, window, int(node.groups))


def _sum_pool(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    _pool(fragment, ordered, given, output, weight=1.0)


def _average_pool(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    rows, columns = pool_window(ordered.name, ordered.node).kernel
    _pool(fragment, ordered, given, output, weight=1.0 / (rows * columns))


def _pool(fragment: Fragment, ordered: OrderedNode, given: str, output: str, weight: float) -> None:
    # ONNX has no sum pooling, and AveragePool times the window's size would round the spike
    # counts; one constant kernel per channel sums them exactly.
    channels = ordered.given[0]
    window = pool_window(ordered.name, ordered.node)
    kernel = fragment.kernel(f"w_{ordered.name}", np.full((channels, 1, *window.kernel), weight))
    _convolve(fragment, [given, kernel], output, window, channels)


def _convolve(
    fragment: Fragment, operands: list[str], output: str, window: Window, groups: int
) -> None:
    fragment.compute(
        "Conv",
        operands,
        output,
        kernel_shape=list(window.kernel),
        strides=list(window.stride),
        dilations=list(window.dilation),
        pads=[*window.before, *window.after],
        group=groups,
    )


def _flatten(fragment: Fragment, ordered: OrderedNode, given: str, output: str) -> None:
    keep_batch = 0
    shape = fragment.integers(f"shape_{ordered.name}", [keep_batch, *ordered.shape])
    fragment.compute("Reshape", [given, shape], output)


_EMITTERS: dict[type, Emit] = {
    nir.Affine: _affine,
    nir.Linear: _affine,
    nir.Conv2d: _conv2d,
    nir.SumPool2d: _sum_pool,
    nir.AvgPool2d: _average_pool,
    nir.Flatten: _flatten,
}
