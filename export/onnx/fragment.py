"""A piece of an ONNX graph under construction: operators in order, and the constants they use."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from export.errors import InvalidGraph, LimitExceeded
from export.onnx.external_data import initializers
from export.onnx.int8 import Int8Weights, SingleArray


@dataclass
class Fragment:
    """Operators of one graph.

    Args:
        constants: shared with the enclosing graph: a Scan's body reads them from outside.
        operators: in computing order.
        own: constants of this graph alone. Runtimes lay weights out for the operator that reads
            them only where they find them in its own graph, which makes a Scan up to three times as
            fast.
        int8: rounds the weights; None keeps them in float32.
        unpacking: operators that make weights of integers, shared as the constants are, so that a
            Scan's body doesn't repeat them at each step.
        values: of the weights, which `filled` puts in at the end: a message of more than 2 GiB
            can't be copied, and building a graph copies.
    """

    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    operators: list[onnx.NodeProto] = field(default_factory=list)
    own: dict[str, onnx.TensorProto] = field(default_factory=dict)
    int8: Int8Weights | None = None
    unpacking: list[onnx.NodeProto] = field(default_factory=list)
    values: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    def inside(self) -> "Fragment":
        """The body of an operator of this graph."""
        return Fragment(
            self.constants, int8=self.int8, unpacking=self.unpacking, values=self.values
        )

    @property
    def nodes(self) -> list[onnx.NodeProto]:
        """Of the outermost graph, in computing order."""
        return [*self.unpacking, *self.operators]

    @property
    def initializers(self) -> list[onnx.TensorProto]:
        """Of the outermost graph."""
        return [*self.constants.values(), *self.own.values()]

    def filled(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """The model of this graph with its weights, which leave the fragment."""
        for tensor in initializers(model.graph):
            if tensor.name in self.values:
                array = self.values.pop(tensor.name)
                little = array.dtype.newbyteorder("<")
                tensor.raw_data = array.astype(little, copy=False).tobytes()
        return model

    def compute(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Appends `output = operator(inputs)` and returns the output's name."""
        self.operators.append(
            helper.make_node(operator, inputs, [output], name=output, **attributes)
        )
        return output

    def floats(self, name: str, values: ArrayLike) -> str:
        """A float32 constant.

        Raises:
            LimitExceeded: a value is too large for float32.
        """
        return self._keep(name, _singles(name, values))

    def kernel(self, name: str, values: ArrayLike) -> str:
        """A float32 constant beside the operator that reads it, such as a bias.

        Raises:
            LimitExceeded: a value is too large for float32.
        """
        return self._later(self.own, name, _singles(name, values))

    def weights(self, name: str, values: ArrayLike, *, axis: int) -> str:
        """Synaptic weights, float32 for whoever reads them, whichever way they are stored.

        Args:
            name: of the tensor.
            values: weights.
            axis: of the output channels.

        Raises:
            LimitExceeded: a value is too large for float32.
        """
        if self.int8 is None:
            return self.kernel(name, values)
        rounded = self.int8.rounded(name, _singles(name, values), axis)
        stored = [
            self._later(self.constants, f"{name}_int8", rounded.integers),
            self._keep(f"{name}_scale", rounded.scale),
        ]
        self.unpacking.append(
            helper.make_node("DequantizeLinear", stored, [name], name=name, axis=axis)
        )
        return name

    def uniform(self, name: str, values: ArrayLike) -> str:
        """A float32 constant that shrinks to one number when all values are equal."""
        array = np.asarray(values)
        same = array.size > 0 and bool((array == array.flat[0]).all())
        return self.floats(name, array.flat[0] if same else array)

    def integers(self, name: str, values: ArrayLike) -> str:
        """An int64 constant, such as a shape."""
        return self._keep(name, np.asarray(values, dtype=np.int64))

    def _keep(self, name: str, array: np.ndarray[Any, Any]) -> str:
        tensor = numpy_helper.from_array(array, name)
        if name in self.constants and self.constants[name] != tensor:
            raise name_clash(name)
        self.constants[name] = tensor
        return name

    def _later(
        self, graph: dict[str, onnx.TensorProto], name: str, array: np.ndarray[Any, Any]
    ) -> str:
        """A constant of that graph whose values come at the end."""
        if name in graph:
            raise name_clash(name)
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        graph[name] = onnx.TensorProto(name=name, data_type=kind, dims=array.shape)
        self.values[name] = array
        return name


def name_clash(name: str) -> InvalidGraph:
    """The error for two tensors of one name, which the names of the network's nodes can bring."""
    return InvalidGraph(
        f"ONNX tensor '{name}': two nodes of the network would both write it. Rename one of them."
    )


def _singles(name: str, values: ArrayLike) -> SingleArray:
    doubles = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        singles = doubles.astype(np.float32)
    if not np.isfinite(singles).all():
        raise LimitExceeded(
            f"ONNX constant '{name}': {np.abs(doubles).max():g} exceeds float32's largest "
            f"number, {np.finfo(np.float32).max:g}. Scale the network down."
        )
    return singles


def batched(name: str, shape: tuple[int, ...], *, leading: tuple[str, ...]) -> onnx.ValueInfoProto:
    """A float32 input or output: named axes (`batch`, `time`), then fixed sizes."""
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [*leading, *shape])
