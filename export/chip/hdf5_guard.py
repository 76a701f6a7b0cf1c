"""HDF5 files that strangers wrote: nothing is allocated or followed before it is checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray
from export.errors import InvalidGraph
from export.hdf5_heap import refuse_damaged_heaps
from export.hdf5_strings import refuse_false_lengths
from trainers.errors import FileError

MAX_ELEMENTS = 1 << 28
"""Elements in one dataset; the largest Loihi systems hold fewer synapses per layer."""

MAX_COMPRESSION = 1100
"""Bytes out of one stored byte: deflate, which HDF5 compresses with, reaches 1032."""

MAX_TEXT_BYTES = 1 << 20
MAX_INTEGER = (1 << 31) - 1
"""Lava casts what it reads to 32 bits."""

_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError)
"""What h5py raises on a truncated or damaged file, depending on where the damage lies."""


@contextmanager
def open_hdf5(path: Path, remedy: str) -> Iterator["GuardedGroup"]:
    """Opens a file and gives its root group.

    Raises:
        FileError: it is missing, truncated or isn't HDF5.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. {remedy}.")
    try:
        file = h5py.File(path, "r")
    except _DAMAGE as error:
        reason = "truncated" if "truncated" in str(error) else "not HDF5 or damaged"
        raise FileError(f"{path}: isn't a readable HDF5 file ({reason}). {remedy}.") from error
    with file:
        refuse_damaged_heaps(path)
        yield GuardedGroup(file, str(path))


@dataclass(frozen=True)
class GuardedGroup:
    """A group whose datasets are checked before they are read.

    Args:
        group: the open HDF5 group.
        where: names it in messages.
    """

    group: h5py.Group
    where: str

    def names(self) -> tuple[str, ...]:
        """Names of what the group holds.

        Raises:
            FileError: the group is damaged.
        """
        try:
            return tuple(self.group.keys())
        except _DAMAGE as error:
            raise self._damaged("its contents", error) from error

    def expect_only(self, *known: str) -> None:
        """Nothing may lie here that a reader would pass over, and nothing may be missing.

        Raises:
            FileError: there is more, or less.
        """
        names = self.names()
        for name in known:
            if name not in names:
                raise FileError(f"{self.where}: '{name}' is missing. Write the file again.")
        if len(names) > len(known):
            other = next(name for name in names if name not in known)
            raise FileError(
                f"{self.where}: {other[:40]!a} has no meaning here. Write the file again with "
                "this version of spikeport."
            )

    def child(self, name: str, where: str) -> "GuardedGroup":
        """The sub-group `name`, called `where` in messages.

        Raises:
            FileError: there is none, or it is a link to elsewhere.
        """
        item = self._item(name)
        if not isinstance(item, h5py.Group):
            raise FileError(f"{self.where}: '{name}' is no group. Write the file again.")
        return GuardedGroup(item, where)

    def is_group(self, name: str) -> bool:
        """Whether `name` is a group (False for a dataset, and for nothing at all)."""
        return name in self.names() and isinstance(self._item(name), h5py.Group)

    def text(self, name: str) -> str:
        """The text of a dataset that holds one string, fixed or variable length.

        Raises:
            FileError: there is none, or it isn't one short string.
        """
        dataset = self._dataset(name)
        try:
            # Reading damaged types of variable length can take the process along.
            words = h5py.check_string_dtype(dataset.dtype) is not None
            if not words or dataset.size != 1 or dataset.dtype.itemsize > MAX_TEXT_BYTES:
                raise FileError(
                    f"{self.where}: '{name}' isn't one short string. Write the file again."
                )
            refuse_false_lengths(Path(dataset.file.filename), dataset)
            value = np.asarray(dataset[()]).reshape(-1)[0]
            text = value.decode("utf-8") if isinstance(value, bytes) else value
        except _DAMAGE as error:
            raise self._damaged(f"'{name}'", error) from error
        if not isinstance(text, str) or len(text) > MAX_TEXT_BYTES:
            raise FileError(f"{self.where}: '{name}' isn't one short string. Write the file again.")
        return text

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape a dataset claims, before anything of it is read.

        Raises:
            FileError: there is no such dataset, or it is empty, too large or damaged.
        """
        return tuple(self._dataset(name).shape)

    def integers(self, name: str) -> IntArray:
        """A numeric dataset of integers as int64, whatever type they are stored in.

        Raises:
            FileError: there is no such dataset, or it is empty, too large or can't be read.
            InvalidGraph: a value isn't finite, isn't an integer, or leaves 32 bits.
        """
        values, fraction = self.truncated(name)
        if fraction is not None:
            raise InvalidGraph(
                f"{self.where}, {name}: {fraction:g} isn't an integer. Round it before writing."
            )
        return values

    def truncated(self, name: str) -> tuple[IntArray, float | None]:
        """A numeric dataset as int64, fractions cut off toward zero; the first fraction, if any.

        Raises:
            FileError: there is no such dataset, or it is empty, too large or can't be read.
            InvalidGraph: a value isn't finite or leaves 32 bits.
        """
        dataset = self._dataset(name)
        try:
            if dataset.dtype.kind not in "iufb":
                raise FileError(
                    f"{self.where}: '{name}' holds {dataset.dtype}, not numbers. Write it again."
                )
            values = np.asarray(dataset[()])
        except _DAMAGE as error:
            raise self._damaged(f"'{name}'", error) from error
        return _as_integers(values, f"{self.where}, {name}")

    def _dataset(self, name: str) -> h5py.Dataset:
        item = self._item(name)
        if not isinstance(item, h5py.Dataset):
            raise FileError(f"{self.where}: '{name}' is no dataset. Write the file again.")
        try:
            size, stored = item.size, item.id.get_storage_size()
            width = item.dtype.itemsize
            elsewhere = item.is_virtual or item.external
        except _DAMAGE as error:
            raise self._damaged(f"'{name}'", error) from error
        if elsewhere:
            raise FileError(
                f"{self.where}: '{name}' takes its data from another file. Don't trust this one."
            )
        if not size or not stored:
            raise FileError(f"{self.where}: '{name}' is empty. Write the file again.")
        if size > MAX_ELEMENTS:
            raise FileError(
                f"{self.where}: '{name}' claims {size} elements, more than {MAX_ELEMENTS}. "
                "Don't trust this file."
            )
        if size * width > MAX_COMPRESSION * stored:
            raise FileError(
                f"{self.where}: '{name}' claims {size} elements and stores {stored} bytes. "
                "Don't trust this file."
            )
        return item

    def _item(self, name: str) -> object:
        try:
            link = self.group.get(name, getlink=True)
            item: object = self.group[name] if isinstance(link, h5py.HardLink) else None
        except _DAMAGE as error:
            raise self._damaged(f"'{name}'", error) from error
        if link is None:
            raise FileError(f"{self.where}: '{name}' is missing. Write the file again.")
        if item is None:
            raise FileError(
                f"{self.where}: '{name}' is a link to elsewhere. Don't trust this file."
            )
        return item

    def _damaged(self, what: str, error: BaseException) -> FileError:
        # A KeyError's own text is its argument in quotes.
        lines = " ".join(str(part) for part in error.args).splitlines() or [type(error).__name__]
        return FileError(f"{self.where}: {what} can't be read ({lines[0]}). Write the file again.")


def _as_integers(values: NDArray[Any], where: str) -> tuple[IntArray, float | None]:
    fractional = values.dtype.kind == "f"
    if fractional and not np.isfinite(values).all():
        raise InvalidGraph(f"{where}: holds NaN or infinity. Export the network again.")
    for extreme in (int(values.min()), int(values.max())):
        if abs(extreme) > MAX_INTEGER:
            raise InvalidGraph(
                f"{where}: {extreme} exceeds {MAX_INTEGER}, the 32 bits Lava has. Rescale it."
            )
    integers = values.astype(np.int64)
    cut = integers != values
    return integers, float(values[cut].flat[0]) if fractional and cut.any() else None
