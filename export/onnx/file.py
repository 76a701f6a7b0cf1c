"""ONNX files: written whole or not at all, read from anyone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import nir
import onnx
from google.protobuf.message import DecodeError

from export.onnx.external_data import data_path, fetch, initializers, write_apart
from export.onnx.int8 import Int8Weights, Per
from export.onnx.scan import build_scan
from export.onnx.step import build_step
from export.onnx.tensor_values import refuse_hollow_tensors, refuse_unknown_types
from trainers.atomic_file import cannot_write, whole_file
from trainers.errors import FileError

PROTOBUF_BYTES = 1 << 31
"""A protobuf message, and so an ONNX file without external data, ends at 2 GiB."""

_SPARE_BYTES = 1 << 20


def write_onnx(graph: nir.NIRGraph, path: str | Path) -> tuple[Path, ...]:
    """Writes model.onnx, the whole sequence in one call; see `build_scan`.

    Returns:
        What was written; see `write_model`.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is larger than float32 holds.
        FileError: the folder can't be written to, or no space is left.
    """
    return write_model(build_scan(graph), Path(path))


def write_step_onnx(graph: nir.NIRGraph, path: str | Path) -> tuple[Path, ...]:
    """Writes model.step.onnx, one step with explicit state; see `build_step`.

    Returns:
        What was written; see `write_model`.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is larger than float32 holds.
        FileError: the folder can't be written to, or no space is left.
    """
    return write_model(build_step(graph), Path(path))


def write_int8_onnx(
    graph: nir.NIRGraph, path: str | Path, *, per: Per = "channel"
) -> tuple[tuple[Path, ...], Int8Weights]:
    """Writes model.int8.onnx: `build_scan` with weights rounded to int8, so another network.

    Args:
        graph: a frozen network.
        path: of the file.
        per: whether each output channel has a scale or the whole tensor one.

    Returns:
        What was written, and how much each weight tensor changed.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is larger than float32 holds.
        FileError: the folder can't be written to, or no space is left.
    """
    int8 = Int8Weights(per)
    return write_model(build_scan(graph, int8=int8), Path(path)), int8


def read_onnx(path: str | Path) -> onnx.ModelProto:
    """Reads a model that may come from anyone.

    Of data outside of the file only that of tensors in NAME.onnx.data is followed; see
    `export.onnx.external_data`. A model that had such data may be too large for one message again.

    Raises:
        FileError: the file is missing, truncated, not ONNX, or refers to other files.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name an .onnx file.")
    try:
        model = onnx.load_model(path, load_external_data=False)
        fetch(_lying_apart(path, model), path)
        # A model this large doesn't fit into the message that the checker takes.
        large = _held(model) > PROTOBUF_BYTES - _SPARE_BYTES
        onnx.checker.check_model(str(path) if large else model)
        refuse_hollow_tensors(str(path), model.graph)
        refuse_unknown_types(str(path), model.graph)
    except OSError as error:
        raise FileError(f"{path}: can't be read ({error.strerror}). Check permissions.") from error
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise FileError(
            f"{path}: isn't a readable ONNX file ({_first_line(error)}). Export it again."
        ) from error
    return model


def write_model(model: onnx.ModelProto, path: Path) -> tuple[Path, ...]:
    """Writes a model whole: as one file, or NAME.onnx with NAME.onnx.data where one can't hold it.

    Args:
        model: one that takes two files loses its weights to them.
        path: of the model.

    Returns:
        The file or both.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    if _held(model) > PROTOBUF_BYTES - _SPARE_BYTES:
        write_apart(model, path)
        return path, data_path(path)
    with whole_file(path) as partial:
        partial.write_bytes(model.SerializeToString(deterministic=True))
    _remove_older_data(data_path(path))
    return (path,)


def _remove_older_data(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _held(model: onnx.ModelProto) -> int:
    return sum(len(tensor.raw_data) for tensor in initializers(model.graph))


def _lying_apart(path: Path, model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Initializers whose data lies in another file; no other tensor's may."""
    apart = [tensor for tensor in initializers(model.graph) if _is_external(tensor)]
    named = {tensor.name for tensor in apart}
    external = [tensor for tensor in _tensors(model) if _is_external(tensor)]
    if len(external) > len(apart):
        names = [tensor.name for tensor in external]
        name = next((name for name in names if name not in named), names[-1])
        raise FileError(
            f"{path}: tensor '{name}' lies in another file, which isn't followed. "
            "Save the model as one file."
        )
    return apart


def _is_external(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data)


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from _tensors_of(model.graph)
    for function in model.functions:
        yield from _tensors_in(function.node)
    for training in model.training_info:
        yield from _tensors_of(training.initialization)
        yield from _tensors_of(training.algorithm)


def _tensors_of(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _tensors_in(graph.node)


def _tensors_in(operators: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for operator in operators:
        for attribute in operator.attribute:
            yield from (attribute.t, *attribute.tensors)
            sparse_tensors = (attribute.sparse_tensor, *attribute.sparse_tensors)
            yield from (part for s in sparse_tensors for part in (s.values, s.indices))
            for subgraph in (attribute.g, *attribute.graphs):
                yield from _tensors_of(subgraph)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
