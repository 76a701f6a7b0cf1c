"""Recordings of SHD and SSC: one HDF5 file per split, of any number of recordings.

    spikes/times   float [N], each of any length: times of the spikes in seconds
    spikes/units   integers, alike: which of 700 units of the cochlea model fired
    labels         integers [N]
    extra/keys     text [classes]: class names, in label order

Source: Cramer, Stradmann, Schemmel, Zenke, "The Heidelberg Spiking Data Sets", arXiv 1910.07407,
and https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from trainers.data.events.pixel_events import rising_order
from trainers.data.events.recording_bytes import REMEDY
from trainers.data.events.spike_datasets import (
    DAMAGE,
    FLOATS,
    INTEGERS,
    RaggedNumbers,
    class_names,
    label_values,
)
from trainers.data.events.spike_options import UNITS
from trainers.errors import DataError

SECOND_US = 1_000_000
LONGEST_S = 3600.0
SIZES = (8, 8)
"""Bytes of an address and of a length in the file."""


@dataclass(frozen=True)
class SpikeFile:
    """An open file whose structure has been checked.

    Args:
        path: of the file.
        labels: int64 [N].
        classes: class names, in label order.
        times: spikes/times.
        units: spikes/units.
    """

    path: Path
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    times: RaggedNumbers
    units: RaggedNumbers

    def spikes(
        self, index: int, *, sort_times: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Times in microseconds, rising, and units of one recording's spikes.

        Raises:
            DataError: it can't be read, times and units differ in number, or one of them can't be.
        """
        where = f"{self.path}: recording {index:,}"
        seconds = self.times[index].astype(np.float64)
        units = self.units[index].astype(np.int64)
        if len(seconds) != len(units):
            raise DataError(
                f"{where} has {len(seconds):,} times, but {len(units):,} units. {REMEDY}"
            )
        wrong = ~((seconds >= 0) & (seconds <= LONGEST_S))
        if wrong.any():
            place = int(wrong.argmax())
            raise DataError(
                f"{where}: spike {place:,} has the time {seconds[place]:g} s, expected 0 to "
                f"{LONGEST_S:g}. {REMEDY}"
            )
        strange = (units < 0) | (units >= UNITS)
        if strange.any():
            place = int(strange.argmax())
            raise DataError(
                f"{where}: spike {place:,} is of unit {units[place]}, expected 0 to {UNITS - 1}. "
                f"{REMEDY}"
            )
        times = np.rint(seconds * SECOND_US).astype(np.int64)
        order = rising_order(where, times, sort_times=sort_times)
        return (times, units) if order is None else (times[order], units[order])


@contextmanager
def opened_spikes(path: Path, classes: int, layout: str) -> Iterator[SpikeFile]:
    """Opens a file and checks its structure.

    Args:
        path: of the file.
        classes: how many there must be.
        layout: what is expected and where it comes from, for messages.

    Raises:
        DataError: it is missing or no such file, or a label lies outside the classes.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file. {layout}")
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise _damaged(path, error) from error
    with (
        file,
        path.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield _checked(path, content, file, classes)


def _checked(path: Path, content: mmap.mmap, file: h5py.File, classes: int) -> SpikeFile:
    try:
        if file.userblock_size or file.id.get_create_plist().get_sizes() != SIZES:
            raise DataError(f"{path}: is stored in an unusual way. {REMEDY}")
        spikes = SpikeFile(
            path=path,
            labels=label_values(path, file, classes),
            classes=class_names(path, content, file, classes),
            times=RaggedNumbers(path, content, file, "spikes/times", FLOATS),
            units=RaggedNumbers(path, content, file, "spikes/units", INTEGERS),
        )
    except DAMAGE as error:
        raise _damaged(path, error) from error
    if not len(spikes.times) == len(spikes.units) == len(spikes.labels):
        raise DataError(
            f"{path}: {len(spikes.times):,} recordings in spikes/times, {len(spikes.units):,} in "
            f"spikes/units and {len(spikes.labels):,} labels; all must be equal. {REMEDY}"
        )
    return spikes


def _damaged(path: Path, error: BaseException) -> DataError:
    # A KeyError's own text is its argument in quotes.
    lines = " ".join(str(part) for part in error.args).splitlines() or [type(error).__name__]
    return DataError(f"{path}: can't be read ({lines[0][:120]}). {REMEDY}")
