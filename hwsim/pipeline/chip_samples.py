"""What the chip needs of samples.npz: its inputs by rows, since a test set may exceed memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.chip.graph import IntArray
from export.samples import LAYOUT, ROWS
from hwsim.errors import SimulationError
from trainers.errors import DataError
from trainers.npz_file import npz_shapes, read_npz
from trainers.npz_rows import RowsInFile, open_rows

CHIP_INPUTS = "chip_inputs"


@dataclass(frozen=True)
class ChipSamples:
    """Inputs of the chip, integers [N, ...], and their labels [N]."""

    chip_inputs: RowsInFile
    labels: IntArray


@contextmanager
def open_chip_samples(path: Path, *, scratch: Path) -> Iterator[ChipSamples]:
    """Gives the samples while the block lasts.

    Args:
        path: samples.npz.
        scratch: an existing folder with room for the unpacked inputs.

    Raises:
        SimulationError: the run has no chip file, so there are no inputs for it.
        DataError: arrays don't belong together.
        FileError: unreadable, or no room.
    """
    shapes = npz_shapes(path, whole=())
    if CHIP_INPUTS not in shapes:
        raise SimulationError(f"{path}: no array '{CHIP_INPUTS}'. Export the run with target chip.")
    labels = read_labels(path)
    with open_rows(path, CHIP_INPUTS, scratch=scratch) as rows:
        yield ChipSamples(rows, labels)


def read_labels(path: Path) -> IntArray:
    """The labels [N] of samples.npz, which must be as many as all other rows.

    Raises:
        DataError: an array is missing or has another length, or a label has no logit.
        FileError: unreadable.
    """
    headers = npz_shapes(path, whole=("labels",))
    shapes = {name: shape for name, (shape, _) in headers.items() if name in ROWS}
    for name in dict.fromkeys((*LAYOUT, *shapes)):
        if not shapes.get(name):
            raise DataError(
                f"{path}: no array '{name}' with a row per sample. Export the run again."
            )
    if len({shape[0] for shape in shapes.values()}) > 1:
        found = ", ".join(f"{shape[0]} {name}" for name, shape in shapes.items())
        raise DataError(f"{path}: holds {found}; they must be equally many. Export the run again.")
    labels = read_npz(path, ("labels",))["labels"]
    classes = (*shapes["logits"], 0)[1]
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise DataError(
            f"{path}: array 'labels' holds {labels.dtype} of shape {labels.shape}, expected "
            "integers of rank 1. Export the run again."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"{path}: labels {labels.min()} to {labels.max()} lie outside 0 to {classes - 1}, the "
            "classes that have logits. Export the run again."
        )
    return labels.astype(np.int64)
