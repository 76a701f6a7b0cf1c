"""ONNX files: written whole, read with suspicion."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from export.errors import UnsupportedLayer
from export.onnx import build_scan, build_step, read_onnx, write_onnx, write_step_onnx
from tests.frozen_networks import conv_network
from trainers.errors import FileError


def test_round_trip(tmp_path: Path) -> None:
    """What is read is what was built."""
    write_onnx(conv_network(), tmp_path / "model.onnx")
    write_step_onnx(conv_network(), tmp_path / "model.step.onnx")
    assert read_onnx(tmp_path / "model.onnx") == build_scan(conv_network())
    assert read_onnx(tmp_path / "model.step.onnx") == build_step(conv_network())


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    """Files can be compared by hash."""
    for name in ("a.onnx", "b.onnx"):
        write_onnx(conv_network(), tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_a_refused_network_leaves_no_file(tmp_path: Path) -> None:
    """Neither half a file nor a temporary one."""
    graph = conv_network()
    graph.nodes["l003_conv"].padding, graph.nodes["l003_conv"].stride = "same", (2, 2)
    with pytest.raises(UnsupportedLayer):
        write_onnx(graph, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(FileError, match=r"model\.onnx: no such file"):
        read_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    """A file cut anywhere is refused in one line."""
    path = tmp_path / "model.onnx"
    write_onnx(conv_network(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileError, match="isn't a readable ONNX file") as refusal:
        read_onnx(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"hello, world", b"\x89HDF\r\n\x1a\n" + bytes(64), b"{}"])
def test_not_onnx(tmp_path: Path, content: bytes) -> None:
    """Another format is refused in one line."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(FileError, match="isn't a readable ONNX file") as refusal:
        read_onnx(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("inside_a_body", [False, True])
def test_external_data(tmp_path: Path, inside_a_body: bool) -> None:
    """A tensor that points at another file is refused, whatever it points at."""
    model = build_scan(conv_network())
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    if inside_a_body:
        scan = next(operator for operator in model.graph.node if operator.op_type == "Scan")
        body = next(attribute.g for attribute in scan.attribute if attribute.name == "body")
        body.node.insert(0, helper.make_node("Constant", [], ["outside"], value=tensor))
    else:
        model.graph.initializer.append(tensor)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match="tensor 'outside' lies in another file"):
        read_onnx(path)
