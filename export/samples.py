"""samples.npz: the test split as each runtime takes it, with what the frozen network answered.

| array | dtype, shape | meaning |
|---|---|---|
| inputs | float32 [N, ...] static, [N, T, ...] sequence | as the frozen network takes them |
| labels | int64 [N] | |
| logits | float64 [N, classes] | of the frozen network, float64 reference executor |
| chip_inputs | int64 [N, C, H, W] (static), [N, T, ...] | bias mantissas; only with target netx |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.npz_file import read_npz, write_npz
from trainers.errors import DataError


@dataclass(frozen=True)
class Samples:
    """The arrays of samples.npz; `chip_inputs` is None where the network has no chip file."""

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    logits: NDArray[np.float64]
    chip_inputs: NDArray[np.int64] | None = None


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
    for name, rank in (("inputs", None), ("labels", 1), ("logits", 2)):
        if name not in arrays or (rank is not None and arrays[name].ndim != rank):
            raise DataError(
                f"{path}: array '{name}' is missing or not {rank}-dimensional. Export the run "
                "again with `spikeport export`."
            )
    inputs, labels, logits = arrays["inputs"], arrays["labels"], arrays["logits"]
    if not len(inputs) == len(labels) == len(logits) or len(labels) == 0:
        raise DataError(
            f"{path}: {len(inputs)} inputs, {len(labels)} labels and {len(logits)} logits; they "
            "must be equally many and at least 1. Export the run again."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise DataError(
            f"{path}: labels must be integers 0 to {logits.shape[1] - 1} (found {labels.dtype}, "
            f"{labels.min()} to {labels.max()}). Export the run again."
        )
    return Samples(inputs, labels.astype(np.int64), logits, arrays.get("chip_inputs"))
