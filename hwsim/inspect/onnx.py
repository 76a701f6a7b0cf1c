"""Looking into an ONNX file."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from export.onnx.external_data import initializers
from export.onnx.file import read_onnx
from hwsim.inspect.table import Inspection, range_text, shape_text


def inspect_onnx(path: Path) -> Inspection:
    """Inputs, outputs and initializers, with shapes and ranges."""
    from onnx import TensorProto, numpy_helper

    model = read_onnx(path)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in initializers(model.graph)}
    opsets = ", ".join(
        f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import
    )
    rows = [
        (kind, value.name, TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower(),
         _dimensions(value), "")
        for kind, values in (("input", model.graph.input), ("output", model.graph.output))
        for value in values
    ]  # fmt: skip
    rows += [
        ("constant", name, str(array.dtype), shape_text(array.shape), _range(array))
        for name, array in constants.items()
    ]
    weights = sum(array.size for array in constants.values())
    return Inspection(
        title=f"{path}: ONNX graph, {len(model.graph.node)} nodes, {weights:,} constants",
        facts=(
            f"IR {model.ir_version}; {opsets}; operators: "
            f"{', '.join(sorted(_operators(model.graph)))}",
            *(f"{entry.key}: {entry.value[:160]}" for entry in model.metadata_props),
        ),
        columns=("role", "name", "type", "shape", "range"),
        rows=tuple(rows),
    )


def _operators(graph: Any) -> set[str]:
    """Kinds of operators, those inside of loops too."""
    kinds = {node.op_type for node in graph.node}
    bodies = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    return kinds.union(*(_operators(body) for body in bodies))


def _dimensions(value: Any) -> str:
    sizes = value.type.tensor_type.shape.dim
    return shape_text(tuple(size.dim_param or size.dim_value for size in sizes))


def _range(array: NDArray[Any]) -> str:
    return range_text(array) if array.dtype.kind in "biuf" else ""
