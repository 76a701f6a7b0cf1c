"""A piece of an ONNX graph under construction: operators in order, and the constants they use."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from export.errors import LimitExceeded


@dataclass
class Fragment:
    """Operators of one graph.

    Args:
        constants: shared with the enclosing graph: a Scan's body reads them from outside.
        operators: in computing order.
    """

    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    operators: list[onnx.NodeProto] = field(default_factory=list)

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
        doubles = np.asarray(values, dtype=np.float64)
        with np.errstate(over="ignore"):
            singles = doubles.astype(np.float32)
        if not np.isfinite(singles).all():
            raise LimitExceeded(
                f"ONNX constant '{name}': {np.abs(doubles).max():g} exceeds float32's largest "
                f"number, {np.finfo(np.float32).max:g}. Scale the network down."
            )
        return self._keep(name, singles)

    def uniform(self, name: str, values: ArrayLike) -> str:
        """A float32 constant that shrinks to one number when all values are equal."""
        array = np.asarray(values)
        same = array.size > 0 and bool((array == array.flat[0]).all())
        return self.floats(name, array.flat[0] if same else array)

    def integers(self, name: str, values: ArrayLike) -> str:
        """An int64 constant, such as a shape."""
        return self._keep(name, np.asarray(values, dtype=np.int64))

    def _keep(self, name: str, array: np.ndarray[Any, Any]) -> str:
        self.constants[name] = numpy_helper.from_array(array, name)
        return name


def batched(name: str, shape: tuple[int, ...], *, leading: tuple[str, ...]) -> onnx.ValueInfoProto:
    """A float32 input or output: named axes (`batch`, `time`), then fixed sizes."""
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [*leading, *shape])
