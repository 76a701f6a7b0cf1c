"""ONNX files: written whole or not at all, read from anyone."""

from collections.abc import Iterator
from pathlib import Path

import nir
import onnx
from google.protobuf.message import DecodeError

from export.errors import LimitExceeded
from export.onnx.scan import build_scan
from export.onnx.step import build_step
from trainers.atomic_file import whole_file
from trainers.errors import FileError

PROTOBUF_BYTES = 1 << 31
"""A protobuf message, and so an ONNX file without external data, ends at 2 GiB."""

_SPARE_BYTES = 1 << 20


def write_onnx(graph: nir.NIRGraph, path: str | Path) -> None:
    """Writes model.onnx, the whole sequence in one call; see `build_scan`.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: the model is larger than an ONNX file can be, or a value than float32.
        FileError: the folder can't be written to, or no space is left.
    """
    write_model(build_scan(graph), Path(path))


def write_step_onnx(graph: nir.NIRGraph, path: str | Path) -> None:
    """Writes model.step.onnx, one step with explicit state; see `build_step`.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: the model is larger than an ONNX file can be, or a value than float32.
        FileError: the folder can't be written to, or no space is left.
    """
    write_model(build_step(graph), Path(path))


def read_onnx(path: str | Path) -> onnx.ModelProto:
    """Reads a model that may come from anyone; data outside of the file is never followed.

    Raises:
        FileError: the file is missing, truncated, not ONNX, or refers to other files.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name an .onnx file.")
    try:
        model = onnx.load_model(path, load_external_data=False)
        _refuse_external_data(path, model)
        onnx.checker.check_model(model)
    except OSError as error:
        raise FileError(f"{path}: can't be read ({error.strerror}). Check permissions.") from error
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise FileError(
            f"{path}: isn't a readable ONNX file ({_first_line(error)}). Export it again."
        ) from error
    return model


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """Writes a model whole.

    Raises:
        LimitExceeded: it is larger than an ONNX file can be.
        FileError: the folder can't be written to, or no space is left.
    """
    held = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if held > PROTOBUF_BYTES - _SPARE_BYTES:
        raise LimitExceeded(
            f"{path}: weights of {held} bytes exceed the {PROTOBUF_BYTES} bytes of an ONNX file. "
            "Use a smaller network."
        )
    with whole_file(path) as partial:
        partial.write_bytes(model.SerializeToString(deterministic=True))


def _refuse_external_data(path: Path, model: onnx.ModelProto) -> None:
    for tensor in _tensors(model.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise FileError(
                f"{path}: tensor '{tensor.name}' lies in another file, which isn't followed. "
                "Save the model as one file."
            )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for operator in graph.node:
        for attribute in operator.attribute:
            yield from (attribute.t, *attribute.tensors)
            for subgraph in (attribute.g, *attribute.graphs):
                yield from _tensors(subgraph)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
