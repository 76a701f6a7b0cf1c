"""samples.npz: the test split as each runtime takes it, with what the frozen network answered.

| array | dtype, shape | meaning |
|---|---|---|
| inputs | float32 [N, ...] static, [N, T, ...] sequence | as the frozen network takes them |
| labels | int64 [N] | |
| logits | float64 [N, classes] | of the frozen network, float64 reference executor |
| chip_inputs | integers [N, ...] static, [N, T, ...] sequence | biases (int64), spikes, payloads |

`chip_inputs` exists only with a chip target; spikes and payloads have the narrowest type.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError
from trainers.npz_file import read_npz, write_npz

WORDS = {"f": "real numbers", "iu": "integers"}
LAYOUT: dict[str, tuple[str, int | None]] = {
    "inputs": ("f", None),
    "labels": ("iu", 1),
    "logits": ("f", 2),
}
"""Kinds of number and rank of the arrays that every file holds."""

ROWS = (*LAYOUT, "chip_inputs")
"""Arrays with a row per sample."""


@dataclass(frozen=True)
class Samples:
    """The arrays of samples.npz; `chip_inputs` is None where the network has no chip file."""

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    logits: NDArray[np.float64]
    chip_inputs: NDArray[Any] | None = None


def write_samples(path: Path, samples: Samples) -> None:
    """Writes the file whole; FileError if that isn't possible."""
    arrays: dict[str, NDArray[Any]] = {
        "inputs": samples.inputs,
        "labels": samples.labels,
        "logits": samples.logits,
    }
    if samples.chip_inputs is not None:
        arrays["chip_inputs"] = samples.chip_inputs
    write_npz(path, arrays)


def read_samples(path: Path) -> Samples:
    """Reads and checks the file.

    Raises:
        FileError: unreadable.
        DataError: an array is missing, has the wrong rank or dtype, or a label has no logit.
    """
    arrays = read_npz(path)
    for name, (kinds, rank) in LAYOUT.items():
        _check_array(path, name, arrays.get(name), kinds, rank)
    inputs, labels, logits = arrays["inputs"], arrays["labels"], arrays["logits"]
    chip_inputs = arrays.get("chip_inputs")
    if chip_inputs is not None:
        _check_array(path, "chip_inputs", chip_inputs, "iu", None)
    lengths = {name: len(array) for name, array in arrays.items() if name in ROWS}
    if len(set(lengths.values())) > 1 or not len(labels):
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise DataError(
            f"{path}: holds {found}; they must be equally many and at least 1. Export the run "
            "again."
        )
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise DataError(
            f"{path}: labels {labels.min()} to {labels.max()} lie outside 0 to "
            f"{logits.shape[1] - 1}, the classes that have logits. Export the run again."
        )
    return Samples(
        inputs,
        labels.astype(np.int64),
        logits,
        chip_inputs,
    )


def _check_array(
    path: Path, name: str, array: NDArray[Any] | None, kinds: str, rank: int | None
) -> None:
    expected = f"{WORDS[kinds]} [N, ...]" if rank is None else f"{WORDS[kinds]} of rank {rank}"
    if array is None:
        raise DataError(
            f"{path}: no array '{name}' ({expected}). Export the run again with `spikeport export`."
        )
    fits = array.ndim > 0 if rank is None else array.ndim == rank
    if not fits or array.dtype.kind not in kinds:
        raise DataError(
            f"{path}: array '{name}' holds {array.dtype} of shape {array.shape}, expected "
            f"{expected}. Export the run again with `spikeport export`."
        )
