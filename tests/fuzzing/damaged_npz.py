"""Array files that are sound archives, whose members aren't the arrays that a reader expects."""

import io
import tokenize
import zipfile
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from tests.fuzzing.odd_values import any_number, any_text, damaged_json

SPOILT = (
    ValueError, TypeError, SyntaxError, LookupError, OverflowError, MemoryError, EOFError,
    tokenize.TokenError,
)  # fmt: skip
"""What numpy raises on an array whose header an earlier edit changed; it is left as it is."""

Members = list[tuple[str, bytes]]

METHODS = (
    zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA,
)  # fmt: skip


def edited(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three members are exchanged, renamed, dropped, doubled or emptied."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    for _ in range(int(rng.integers(1, 4))):
        members = _edited(members, rng)
    made = io.BytesIO()
    method = METHODS[int(rng.integers(len(METHODS)))] if rng.random() < 0.3 else METHODS[0]
    with zipfile.ZipFile(made, "w", method) as archive:
        for k, (name, data) in enumerate(members):
            archive.writestr(zipfile.ZipInfo(name or f"m{k}", (1980, 1, 1, 0, 0, 0)), data, method)
    return made.getvalue()


def _edited(members: Members, rng: np.random.Generator) -> Members:
    if not members:
        return members
    place = int(rng.integers(len(members)))
    name, data = members[place]
    pick = rng.random()
    if pick < 0.08:
        return members[:place] + members[place + 1 :]
    if pick < 0.16:
        taken = {other for other, _ in members}
        new = any_text(rng).replace("\x00", "?") + rng.choice([".npy", ""])
        return members if new in taken else [*members[:place], (new, data), *members[place + 1 :]]
    if pick < 0.24:
        data = members[int(rng.integers(len(members)))][1]
    elif pick < 0.45:
        data = _new_header(data, rng)
    elif pick < 0.55:
        data = data[: int(rng.integers(len(data) + 1))]
    else:
        data = _new_values(data, rng)
    return [*members[:place], (name, data), *members[place + 1 :]]


def _new_header(data: bytes, rng: np.random.Generator) -> bytes:
    """Shape, type or order of the array are said to be others; its bytes stay."""
    file = io.BytesIO(data)
    try:
        npy_format.read_magic(file)
        shape, by_column, dtype = npy_format.read_array_header_1_0(file)
    except SPOILT:
        return data
    values = file.read()
    kinds = ("<f4", "<f8", "<i2", "|b1", "|O", "<U3", "|S5", "<c16", "<M8[s]", ">i4", "|V8", "<f2",
             "|u1", "<i8", "[('a', '<i4')]", "nonsense", "<U0")  # fmt: skip
    shapes = (shape[::-1], (*shape, 1), (), (0,), (-1,), (1 << 40,), (1 << 62, 4), shape[1:],
              (True,), "x", (2.5,), (1 << 70, 0))  # fmt: skip
    header: dict[str, Any] = {
        "descr": npy_format.dtype_to_descr(dtype),
        "fortran_order": by_column,
        "shape": shape,
    }
    pick = int(rng.integers(5))
    if pick == 0:
        header["descr"] = kinds[int(rng.integers(len(kinds)))]
    elif pick == 1:
        header["fortran_order"] = (not by_column, 1, "x")[int(rng.integers(3))]
    elif pick == 2:
        del header[list(header)[int(rng.integers(3))]]
    elif pick == 3:
        header["more"] = any_text(rng)
    else:
        header["shape"] = shapes[int(rng.integers(len(shapes)))]
    text = repr(header) if rng.random() < 0.9 else "(" * int(rng.integers(300)) + repr(header)
    line = (text.encode("latin1", "replace") + b" " * 3)[:9000] + b"\n"
    version = bytes([1, 0]) if rng.random() < 0.9 else bytes([int(rng.integers(5)), 0])
    return b"\x93NUMPY" + version + len(line).to_bytes(2, "little") + line + values


def _new_values(data: bytes, rng: np.random.Generator) -> bytes:
    """A sound array with odd values, another type or another shape."""
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except SPOILT:
        return data
    file = io.BytesIO()
    with np.errstate(all="ignore"):
        np.save(file, _changed(np.array(array), rng), allow_pickle=False)
    return file.getvalue()


def _changed(array: Any, rng: np.random.Generator) -> Any:
    if array.dtype.kind == "U" and array.size and rng.random() < 0.8:
        texts = array.reshape(-1).tolist()
        place = int(rng.integers(len(texts)))
        texts[place] = damaged_json(texts[place], rng)
        return np.array(texts, dtype=np.str_).reshape(array.shape)
    pick = int(rng.integers(5))
    if pick == 0 and array.size:
        return np.resize(array, tuple(int(n) for n in rng.integers(0, 5, int(rng.integers(4)))))
    if pick == 1:
        kinds = ("f4", "f2", "i1", "i8", "u8", "b1", "c8", "U4", "S3", ">f8")
        return array.astype(kinds[int(rng.integers(len(kinds)))]) if array.dtype.kind in "biuf" \
            else np.zeros(3)  # fmt: skip
    if pick == 2 and array.ndim:
        return array[int(rng.integers(-2, 3)) :]
    if array.dtype.kind in "f" and array.size:
        array.reshape(-1)[int(rng.integers(array.size))] = any_number(rng)
        return array
    if array.dtype.kind in "iu" and array.size:
        wide = array.astype(np.float64)
        wide.reshape(-1)[int(rng.integers(array.size))] = any_number(rng)
        return wide.astype(array.dtype)
    return array.T
