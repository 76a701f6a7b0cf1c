"""Constants of a stranger's ONNX model: as many values as their shapes say, of a known type.

onnx's checker compares neither, nor does it know the types of inputs and outputs; whoever makes an
array of such a constant, or names such a type, fails.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import numpy_helper

from trainers.errors import FileError

_DAMAGE = (ValueError, KeyError, TypeError, OverflowError)
"""What numpy and onnx raise on a tensor, depending on what is wrong with it."""


def refuse_hollow_tensors(where: str, graph: onnx.GraphProto) -> None:
    """Raises FileError when a constant of the graph, or of graphs in it, makes no array."""
    for tensor in _constants(graph):
        try:
            # Values that a narrower type can't hold are the network's matter.
            with np.errstate(all="ignore"):
                numpy_helper.to_array(tensor)
        except _DAMAGE as error:
            raise FileError(
                f"{where}: tensor {tensor.name[:80]!a} of shape {tuple(tensor.dims)} doesn't hold "
                "as many values as that, or none of a known type. Export it again."
            ) from error


def refuse_unknown_types(where: str, graph: onnx.GraphProto) -> None:
    """Raises FileError when an input or output of the graph is of a type that has no name."""
    for value in (*graph.input, *graph.output):
        kind = value.type.tensor_type.elem_type
        if kind not in onnx.TensorProto.DataType.values():
            raise FileError(
                f"{where}: '{value.name[:80]}' is of type {kind}, which onnx doesn't know. Export "
                "it again."
            )


def _constants(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for operator in graph.node:
        for attribute in operator.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for subgraph in (attribute.g, *attribute.graphs):
                yield from _constants(subgraph)
