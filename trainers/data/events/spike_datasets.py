"""Datasets of a stranger's HDF5 file, checked before one value is read."""

import mmap
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from trainers.data.events.hdf5_lists import Hdf5Lists
from trainers.data.events.recording_bytes import REMEDY
from trainers.errors import DataError

SAMPLES_MAX = 1 << 22
"""Recordings in one file; the largest, SSC's training file, holds some 75,000."""

NAME_MAX = 256
"""Bytes of a class name."""

DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, LookupError)
"""What h5py raises on a truncated or damaged file, depending on where the damage lies."""

FLOATS = {"<f2": h5py.h5t.IEEE_F16LE, "<f4": h5py.h5t.IEEE_F32LE, "<f8": h5py.h5t.IEEE_F64LE}
INTEGERS = {
    "<u1": h5py.h5t.STD_U8LE, "<u2": h5py.h5t.STD_U16LE, "<u4": h5py.h5t.STD_U32LE,
    "<u8": h5py.h5t.STD_U64LE, "<i1": h5py.h5t.STD_I8LE, "<i2": h5py.h5t.STD_I16LE,
    "<i4": h5py.h5t.STD_I32LE, "<i8": h5py.h5t.STD_I64LE,
}  # fmt: skip


def named_dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset on one axis.

    Raises:
        DataError: there is none, it lies elsewhere, or it isn't on one axis of a sane length.
    """
    item: Any = file
    for part in name.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        item = item[part] if isinstance(link, h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset):
        raise DataError(f"{path}: holds no dataset '{name}'. {REMEDY}")
    if item.is_virtual or item.external:
        raise DataError(f"{path}: '{name}' takes its data from another file. Don't trust it.")
    if item.shape is None or len(item.shape) != 1 or not 0 < item.shape[0] <= SAMPLES_MAX:
        raise DataError(
            f"{path}: '{name}' has shape {item.shape}, expected 1 to {SAMPLES_MAX:,} values on one "
            f"axis. {REMEDY}"
        )
    return item


class RaggedNumbers:
    """A dataset of lists of numbers.

    Args:
        path: of the file.
        content: of the file.
        file: the same, opened.
        name: of the dataset.
        allowed: numpy's and HDF5's names of the types that the numbers may have.

    Raises:
        DataError: there is no such dataset, it lies elsewhere, or its type isn't allowed.
    """

    def __init__(
        self,
        path: Path,
        content: mmap.mmap,
        file: h5py.File,
        name: str,
        allowed: dict[str, h5py.h5t.TypeID],
    ) -> None:
        dataset = named_dataset(path, file, name)
        kind = dataset.id.get_type()
        value = kind.get_super() if isinstance(kind, h5py.h5t.TypeVlenID) else kind
        found = _numpy_name(value, allowed)
        if found is None or value is kind:
            raise DataError(
                f"{path}: '{name}' holds {dataset.dtype}, expected lists of little-endian numbers "
                f"({', '.join(allowed)}). {REMEDY}"
            )
        self._dtype = np.dtype(found)
        self._lists = Hdf5Lists(path, content, dataset)

    def __len__(self) -> int:
        return len(self._lists)

    def __getitem__(self, index: int) -> NDArray[Any]:
        """The numbers of one list.

        Raises:
            DataError: they aren't where they must be.
        """
        return np.frombuffer(self._lists.list_bytes(index, self._dtype.itemsize), self._dtype)


def label_values(path: Path, file: h5py.File, classes: int) -> NDArray[np.int64]:
    """The labels, int64 [N].

    Raises:
        DataError: there are none, or one lies outside the classes.
    """
    dataset = named_dataset(path, file, "labels")
    if _numpy_name(dataset.id.get_type(), INTEGERS) is None:
        raise DataError(
            f"{path}: 'labels' holds {dataset.dtype}, expected little-endian integers. {REMEDY}"
        )
    labels: NDArray[np.int64] = dataset[()].astype(np.int64)
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        place = int(wrong.argmax())
        raise DataError(
            f"{path}: label {labels[place]} of recording {place:,}, expected 0 to {classes - 1}. "
            f"{REMEDY}"
        )
    return labels


def class_names(path: Path, content: mmap.mmap, file: h5py.File, classes: int) -> tuple[str, ...]:
    """The names of the classes, in label order; text of fixed or variable length.

    Raises:
        DataError: there are none, not as many as classes, or one isn't short printable text.
    """
    dataset = named_dataset(path, file, "extra/keys")
    kind = dataset.id.get_type()
    if (
        not isinstance(kind, h5py.h5t.TypeStringID)
        or len(dataset) != classes
        or kind.get_size() > NAME_MAX
    ):
        raise DataError(
            f"{path}: 'extra/keys' holds {len(dataset):,} values of {dataset.dtype}, expected the "
            f"names of {classes} classes. {REMEDY}"
        )
    if kind.is_variable_str():
        lists = Hdf5Lists(path, content, dataset)
        raw = [lists.list_bytes(index, 1).rstrip(b"\0") for index in range(classes)]
    else:
        raw = [bytes(name) for name in dataset[()]]
    names = tuple(name[:NAME_MAX].decode("utf-8", "replace") for name in raw)
    if not all(name and name.isprintable() for name in names):
        raise DataError(f"{path}: a class name in 'extra/keys' can't be printed. {REMEDY}")
    return names


def _numpy_name(kind: h5py.h5t.TypeID, allowed: dict[str, h5py.h5t.TypeID]) -> str | None:
    return next((name for name, known in allowed.items() if kind.equal(known)), None)
