"""Weights beyond what one ONNX file holds: NAME.onnx.data beside NAME.onnx, as ONNX defines it.

Written with offsets on page boundaries, which runtimes can map, and a SHA-1 of the whole, which
ONNX has a field for: a model that lies beside another one's data is refused, not run.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader, BufferedWriter
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from trainers.atomic_file import whole_file
from trainers.errors import FileError

ALIGNMENT = 1 << 16
SMALLEST_BYTES = 1 << 10
"""Shapes and single numbers stay in the model, where shape inference reads them."""

KEYS = frozenset({"location", "offset", "length", "checksum"})
PLAIN_TYPES: dict[int, int] = {
    kind: np.dtype(helper.tensor_dtype_to_np_dtype(kind)).itemsize
    for kind in (
        onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16,
        onnx.TensorProto.BOOL, onnx.TensorProto.INT8, onnx.TensorProto.INT16,
        onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.UINT8,
        onnx.TensorProto.UINT16, onnx.TensorProto.UINT32, onnx.TensorProto.UINT64,
    )
}  # fmt: skip
"""Bytes per value of the types that have whole ones."""

VALUES = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
"""Where a tensor that lies in the model itself may keep its values."""


def data_path(path: Path) -> Path:
    """Where the data of a model lies, the only place it may."""
    return path.with_name(f"{path.name}.data")


def initializers(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Weights of a graph and of the graphs inside it."""
    yield from graph.initializer
    for operator in graph.node:
        for attribute in operator.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from initializers(inner)


def write_apart(model: onnx.ModelProto, path: Path) -> None:
    """Writes a model and, beside it, its large tensors: both whole, or neither.

    Args:
        model: large tensors leave it one by one, so that they aren't held twice.
        path: of the model.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_pair(path, data_path(path)) as (model_part, data_part):
        with data_part.open("wb") as file:
            moved = [
                _move(tensor, file)
                for tensor in initializers(model.graph)
                if len(tensor.raw_data) >= SMALLEST_BYTES
            ]
        with data_part.open("rb") as file:
            digest = _digest(file)
        for tensor, offset, length in moved:
            _point(tensor, data_path(path).name, offset, length, digest)
        model_part.write_bytes(model.SerializeToString(deterministic=True))


@contextmanager
def whole_pair(path: Path, data: Path) -> Iterator[tuple[Path, Path]]:
    """Gives two temporary paths, which take these places together when the block ends well.

    An older pair stands until then. If it is killed between the two renames, no `path` is left: a
    reader finds the old pair, the new one, or nothing, but never a mixture.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    aside: dict[Path, Path | None] = {}
    try:
        with whole_file(path) as model_part, whole_file(data) as data_part:
            yield model_part, data_part
            for older in (path, data):
                aside[older] = _set_aside(older)
    except BaseException:
        for older in reversed(aside):
            _put_back(older, aside[older])
        raise
    for kept in filter(None, aside.values()):
        kept.unlink(missing_ok=True)


def fetch(tensors: Iterable[onnx.TensorProto], path: Path) -> None:
    """Puts the data of a model's external tensors into them.

    All sizes are held against the file before any is allocated.

    Args:
        tensors: whose data lies apart.
        path: of the model.

    Raises:
        FileError: the data lies anywhere else than in NAME.onnx.data, behind a link, isn't all
            there, or belongs to another model.
    """
    claims = [(tensor, *_claim(tensor, path)) for tensor in tensors]
    if not claims:
        return
    with _opened(data_path(path)) as file:
        size = os.fstat(file.fileno()).st_size
        _refuse_oversize(claims, size, path)
        digests = {_fields(tensor, path).get("checksum") for tensor, _, _ in claims} - {None}
        if digests and digests != {_digest(file)}:
            raise FileError(
                f"{data_path(path)}: isn't the data that {path.name} was written with. Export "
                "both again."
            )
        for tensor, offset, length in claims:
            file.seek(offset)
            tensor.raw_data = file.read(length)
            if len(tensor.raw_data) < length:
                raise FileError(f"{data_path(path)}: became shorter meanwhile. Try again.")
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")


def _set_aside(older: Path) -> Path | None:
    """Another name for a file, if it is there."""
    if not (older.is_file() or older.is_symlink()):
        return None
    return older.replace(older.with_name(f".{older.name}.{os.getpid()}.older"))


def _put_back(older: Path, kept: Path | None) -> None:
    """The older file; what took the place of none goes."""
    if kept is None:
        older.unlink(missing_ok=True)
    else:
        kept.replace(older)


def _move(tensor: onnx.TensorProto, file: BufferedWriter) -> tuple[onnx.TensorProto, int, int]:
    """A tensor's bytes go to the file's next boundary."""
    offset = -(-file.tell() // ALIGNMENT) * ALIGNMENT
    file.seek(offset)
    length = file.write(tensor.raw_data)
    tensor.ClearField("raw_data")
    return tensor, offset, length


def _point(tensor: onnx.TensorProto, name: str, offset: int, length: int, digest: str) -> None:
    tensor.data_location = onnx.TensorProto.EXTERNAL
    fields = {"location": name, "offset": offset, "length": length, "checksum": digest}
    for key, value in fields.items():
        tensor.external_data.add(key=key, value=str(value))


def _claim(tensor: onnx.TensorProto, path: Path) -> tuple[int, int]:
    """Offset and length in the data file, which fit the tensor's own type and shape."""
    fields = _fields(tensor, path)
    if fields.get("location") != data_path(path).name:
        raise FileError(
            f"{path}: tensor '{tensor.name}' lies in another file than {data_path(path).name}, "
            "which isn't followed. Save the model as one file."
        )
    numbers = [fields.get(key, default) for key, default in (("offset", "0"), ("length", ""))]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in numbers):
        raise FileError(
            f"{path}: tensor '{tensor.name}' lies at offset '{numbers[0][:20]}' with length "
            f"'{numbers[1][:20]}', which aren't two numbers. Export it again."
        )
    offset, length = map(int, numbers)
    if tensor.data_type not in PLAIN_TYPES or any(size < 0 for size in tensor.dims):
        raise FileError(
            f"{path}: tensor '{tensor.name}', type {tensor.data_type}, shape "
            f"{list(tensor.dims)}, can't lie in another file. Save the model as one file."
        )
    needed = prod(tensor.dims) * PLAIN_TYPES[tensor.data_type]
    if length != needed:
        raise FileError(
            f"{path}: tensor '{tensor.name}' has {needed:,} bytes, but claims {length:,} in "
            f"{data_path(path).name}. Export it again."
        )
    if tensor.HasField("raw_data") or any(getattr(tensor, field) for field in VALUES):
        raise FileError(
            f"{path}: tensor '{tensor.name}' lies in {data_path(path).name} and in the model too. "
            "Export it again."
        )
    return offset, length


def _fields(tensor: onnx.TensorProto, path: Path) -> dict[str, str]:
    fields = {entry.key: entry.value for entry in tensor.external_data}
    if len(fields) < len(tensor.external_data) or not fields.keys() <= KEYS:
        raise FileError(
            f"{path}: tensor '{tensor.name}' says where it lies in unknown words or twice. Export "
            "it again."
        )
    return fields


def _opened(path: Path) -> BufferedReader:
    """A plain file of one name, opened without following links."""
    try:
        # Not blocking: a pipe of that name would hold the reader up for good.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(
            f"{path}: can't be read ({error.strerror}), and the model's weights lie there. Keep "
            "both files in one folder, neither of them a link."
        ) from error
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(handle)
        raise FileError(
            f"{path}: isn't a plain file of one name, and links aren't followed. Copy the data "
            "beside the model."
        )
    return os.fdopen(handle, "rb")


def _refuse_oversize(
    claims: list[tuple[onnx.TensorProto, int, int]], size: int, path: Path
) -> None:
    for tensor, offset, length in claims:
        if offset + length > size:
            raise FileError(
                f"{data_path(path)}: has {size:,} bytes, but tensor '{tensor.name}' lies at "
                f"{offset:,} to {offset + length:,}. Export both files again."
            )
    total = sum(length for _, _, length in claims)
    if total > size:
        raise FileError(
            f"{path}: its tensors claim {total:,} bytes of a {data_path(path).name} of {size:,}. "
            "Don't trust this file."
        )


def _digest(file: BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
