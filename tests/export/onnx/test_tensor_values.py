"""Constants that make no array are refused by name; onnx's checker lets them pass."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.onnx import read_onnx, write_onnx
from tests.frozen_networks import conv_network
from trainers.errors import FileError

STORED: dict[str, list[Any]] = {
    "FLOAT": [1.5], "INT8": [-3], "BOOL": [1], "STRING": [b"x"], "FLOAT16": [1.5],
    "COMPLEX64": [1j], "BFLOAT16": [2.0],
}  # fmt: skip
"""A value of types that lie in different fields of a tensor."""


def model_with(tensor: onnx.TensorProto, *, nested: bool = False) -> onnx.ModelProto:
    """A model that holds the constant, as an initializer or in a node."""
    output = helper.make_tensor_value_info("y", tensor.data_type or 1, tuple(tensor.dims))
    if nested:
        node = helper.make_node("Constant", [], ["y"], value=tensor)
        graph = helper.make_graph([node], "g", [], [output])
    else:
        node = helper.make_node("Identity", ["w"], ["y"])
        graph = helper.make_graph([node], "g", [], [output], [tensor])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def tensor_of(**fields: Any) -> onnx.TensorProto:
    """Six values, with some fields changed."""
    tensor = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    for name, value in fields.items():
        if name == "dims":
            del tensor.dims[:]
            tensor.dims.extend(value)
        else:
            setattr(tensor, name, value)
    return tensor


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    "tensor",
    [
        tensor_of(dims=[7]),
        tensor_of(dims=[1 << 40, 1 << 40]),
        tensor_of(dims=[-2, -3]),
        tensor_of(raw_data=b"12345"),
        tensor_of(data_type=TensorProto.INT64),
        tensor_of(data_type=99),
    ],
    ids=["more", "giant", "negative", "torn", "wider", "unknown"],
)
def test_hollow_constants(tensor: onnx.TensorProto, nested: bool, tmp_path: Path) -> None:
    """One line that names the file, before anybody makes an array of the constant."""
    path = tmp_path / "a.onnx"
    onnx.save_model(model_with(tensor, nested=nested), path)
    with pytest.raises(FileError) as error:
        read_onnx(path)
    assert str(error.value).startswith(f"{path}: ")


def test_sound_constants_pass(tmp_path: Path) -> None:
    """What we write, and every way of storing values that onnx has."""
    write_onnx(conv_network(), tmp_path / "ours.onnx")
    read_onnx(tmp_path / "ours.onnx")
    for kind, values in STORED.items():
        tensor = helper.make_tensor("w", getattr(TensorProto, kind), [1], values)
        onnx.save_model(model_with(tensor), tmp_path / "a.onnx")
        read_onnx(tmp_path / "a.onnx")


def test_an_output_of_unknown_type(tmp_path: Path) -> None:
    """Its name in the message, since whoever shows the model needs the type's."""
    model = model_with(tensor_of())
    model.graph.output[0].type.tensor_type.elem_type = -(1 << 31)
    onnx.save_model(model, tmp_path / "a.onnx")
    with pytest.raises(FileError, match=r"a\.onnx: 'y' is of type -2147483648, which onnx doesn't"):
        read_onnx(tmp_path / "a.onnx")
