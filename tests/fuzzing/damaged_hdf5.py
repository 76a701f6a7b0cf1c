"""HDF5 files that are sound to the library, and not what a reader of networks expects."""

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from tests.fuzzing.odd_values import any_number, any_text, damaged_json

Edit = Callable[[h5py.File, str, np.random.Generator], None]

REFUSED = (ValueError, TypeError, KeyError, OSError, RuntimeError)
"""What h5py raises on an edit that the file, as edited before, doesn't allow."""

MOST_BYTES = 1 << 24
"""Of a dataset that is edited: `huge_claim` makes others, which are left as they are."""

FILTERS: tuple[dict[str, Any], ...] = (
    {"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {"fletcher32": True},
    {"scaleoffset": 2},
)  # fmt: skip


def edited(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three datasets or groups of the file are exchanged."""
    file_bytes = io.BytesIO(content)
    with h5py.File(file_bytes, "r+") as file:
        for _ in range(int(rng.integers(1, 4))):
            names = sorted(_names(file))
            if not names:
                break
            edit = EDITS[int(rng.integers(len(EDITS)))]
            with suppress(*REFUSED):
                edit(file, names[int(rng.integers(len(names)))], rng)
    return file_bytes.getvalue()


def _names(file: h5py.File) -> list[str]:
    """Every hard link to an object that can be in memory, without walking in circles."""
    found: list[str] = []
    seen = set[Any]()
    waiting = [("", file["/"])]
    while waiting:
        path, group = waiting.pop()
        if group.id in seen or len(found) > 500:
            continue
        seen.add(group.id)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((f"{path}/{name}", item))
            if isinstance(item, h5py.Group) or item.nbytes < MOST_BYTES:
                found.append(f"{path}/{name}")
    return found


def _write(file: h5py.File, name: str, value: Any, **options: Any) -> None:
    if name in file:
        del file[name]
    file.create_dataset(name, data=value, **options)


def remove(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """It is gone."""
    del rng
    del file[name]


def new_values(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Numbers take odd values; texts become others, JSON with one value exchanged."""
    item = file[name]
    if isinstance(item, h5py.Group):
        return
    if item.dtype.kind in "biuf" and item.size:
        values = np.array(item[()], dtype=np.float64).reshape(-1)
        values[rng.integers(values.size, size=int(rng.integers(1, 4)))] = any_number(rng)
        kind = item.dtype if rng.random() < 0.5 else np.dtype(np.float64)
        with np.errstate(all="ignore"):
            _write(file, name, values.reshape(item.shape).astype(kind))
    elif item.size == 1:
        value = np.asarray(item[()]).reshape(-1)[0]
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        _write(file, name, damaged_json(text, rng).replace("\x00", "?"))


def new_shape(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """The same values, or as many as fit, in another shape."""
    item = file[name]
    if isinstance(item, h5py.Group) or not item.size:
        return
    shape = list(item.shape)
    pick = int(rng.integers(6))
    if pick == 0 or not shape:
        shape = [1, *shape]
    elif pick == 1:
        shape = shape[1:]
    elif pick == 2:
        shape = shape[::-1]
    elif pick == 3:
        shape[int(rng.integers(len(shape)))] = int(rng.integers(0, 4))
    elif pick == 4:
        shape[int(rng.integers(len(shape)))] += int(rng.integers(1, 4))
    else:
        shape = [int(np.prod(shape))]
    _write(file, name, np.resize(np.asarray(item[()]), tuple(shape)))


def new_type(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """The same place holds another type of data."""
    others: tuple[Any, ...] = (
        np.float16(any_number(rng)) if rng.random() < 0.5 else np.float32(1),
        np.array([any_text(rng).replace("\x00", "?")], dtype=h5py.string_dtype()),
        np.array([b"ab", b"c"]),
        np.array([1 + 2j]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([True, False]),
        np.uint64((1 << 64) - 1),
        h5py.Empty("f4"),
        np.zeros((0, 3)),
        np.array([1, 2], dtype=">i2"),
        np.arange(4, dtype=np.int8).reshape(2, 2),
    )
    with np.errstate(all="ignore"):
        _write(file, name, others[int(rng.integers(len(others)))])


def special_type(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """References, enumerations, opaque data, arrays in a cell and lists of variable length."""
    kinds: tuple[Any, ...] = (
        h5py.ref_dtype,
        h5py.regionref_dtype,
        h5py.enum_dtype({"a": 1, "b": 2}),
        h5py.opaque_dtype(np.dtype("V8")),
        np.dtype((np.int32, (3,))),
        h5py.vlen_dtype(np.dtype("f4")),
        h5py.string_dtype(length=7),
    )
    del file[name]
    file.create_dataset(name, shape=(2,), dtype=kinds[int(rng.integers(len(kinds)))])


def huge_claim(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """A dataset that claims much and stores little, or nothing."""
    shape = (1 << int(rng.integers(10, 40)),)
    del file[name]
    made = file.create_dataset(name, shape=shape, dtype="f4", chunks=(1024,), compression="gzip")
    if rng.random() < 0.7:
        made[: int(rng.integers(1, 3000))] = 1


def filtered(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """The same values behind a filter."""
    item = file[name]
    if isinstance(item, h5py.Group) or not item.shape or not item.size:
        return
    if item.dtype.kind not in "biu" and rng.random() < 0.7:
        return
    _write(file, name, item[()], chunks=True, **FILTERS[int(rng.integers(4))])


def link(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """A link takes its place: within the file, to another file, or in a circle."""
    names = ["/", *sorted(_names(file))]
    target = names[int(rng.integers(len(names)))]
    made = (
        h5py.SoftLink(target),
        h5py.ExternalLink("/etc/hostname", "/x"),
        file[target],
        file["/"],
    )[int(rng.integers(4))]
    del file[name]
    file[name] = made


def move(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """It is called otherwise."""
    parent = name.rpartition("/")[0]
    new = any_text(rng).replace("\x00", "?") or "x"
    if f"{parent}/{new}" not in file and not new.startswith(("/", ".")):
        file.move(name, f"{parent}/{new}")


def exchange(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Two objects change places."""
    names = sorted(_names(file))
    other = names[int(rng.integers(len(names)))]
    if name.startswith(other) or other.startswith(name):
        return
    first, second = file[name], file[other]
    del file[name], file[other]
    file[name], file[other] = second, first


def as_group(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """A group takes a dataset's place, or a dataset a group's."""
    group = isinstance(file[name], h5py.Group)
    del file[name]
    if group:
        file[name] = any_number(rng)
    else:
        file.create_group(name)["x"] = any_number(rng)


def add(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Something unknown lies beside it, or hangs on it."""
    with np.errstate(all="ignore"):
        file[name].attrs[f"a{int(rng.integers(9))}"] = any_number(rng)
        beside = f"{name}_{int(rng.integers(99))}"
        if beside not in file:
            file[beside] = any_number(rng)


EDITS: tuple[Edit, ...] = (
    remove, new_values, new_values, new_values, new_shape, new_shape, new_type, special_type,
    huge_claim, filtered, link, move, exchange, as_group, add,
)  # fmt: skip
