"""A piece of an integer graph: constants of a stated type, sums that keep their factor."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper

from export.onnx.fragment import Fragment

TYPES = {
    np.dtype(dtype): getattr(onnx.TensorProto, name)
    for dtype, name in (
        (np.bool_, "BOOL"), (np.uint8, "UINT8"), (np.int16, "INT16"), (np.int32, "INT32"),
        (np.uint32, "UINT32"), (np.int64, "INT64"),
    )
}  # fmt: skip
"""All there is in such a graph."""


@dataclass
class IntegerFragment(Fragment):
    """Operators of one graph, none of them on floats."""

    def constant(self, name: str, values: ArrayLike, dtype: type[np.generic]) -> str:
        """A constant of that type, in which its values fit; one number where all are equal."""
        array = np.asarray(values)
        if array.size > 0 and bool((array == array.flat[0]).all()):
            array = np.asarray(array.flat[0])
        return self.exactly(name, array.astype(dtype))

    def exactly(self, name: str, array: NDArray[Any]) -> str:
        """A constant as it is, shape and type included."""
        return self._keep(name, array)

    def cast(self, given: str, dtype: type[np.generic], output: str) -> str:
        """`given` in another type; what doesn't fit keeps its low bits."""
        return self.compute("Cast", [given], output, to=TYPES[np.dtype(dtype)])


def declared(name: str, dtype: type[np.generic], axes: list[str | int]) -> onnx.ValueInfoProto:
    """An input or output: named axes and fixed sizes."""
    return helper.make_tensor_value_info(name, TYPES[np.dtype(dtype)], axes)
