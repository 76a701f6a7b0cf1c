"""spikes.npz: what a network did in the float executor.

| array | dtype, shape | meaning |
|---|---|---|
| layers | bytes [L] | names, in computing order |
| spikes | int64 [N, T, L] | per sample, step and layer |
| synops | int64 [N, T, L] | weights that arriving spikes met |
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.errors import FileError
from trainers.npz_file import read_npz, write_npz

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class SpikeCounts:
    """The arrays of spikes.npz."""

    layers: tuple[str, ...]
    spikes: IntArray
    synops: IntArray


def write_counts(path: Path, counts: SpikeCounts) -> None:
    """Writes the file whole; FileError if that isn't possible."""
    names = np.array([name.encode() for name in counts.layers])
    write_npz(path, {"layers": names, "spikes": counts.spikes, "synops": counts.synops})


def read_counts(path: Path) -> SpikeCounts:
    """Reads it back.

    Raises:
        FileError: missing, damaged, or its arrays don't belong together.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. Simulate first: spikeport simulate {path.parent}.")
    arrays = read_npz(path, ("layers", "spikes", "synops"))
    names, spikes, synops = arrays["layers"], arrays["spikes"], arrays["synops"]
    fits = names.ndim == 1 and spikes.ndim == 3 and spikes.shape[2] == len(names)
    whole = spikes.dtype.kind in "iu" and synops.dtype.kind in "iu" and names.dtype.kind == "S"
    if not (fits and whole and spikes.shape == synops.shape and len(spikes)):
        raise FileError(f"{path}: its arrays don't belong together. Simulate again.")
    layers = tuple(bytes(name).decode(errors="replace") for name in names)
    return SpikeCounts(layers, spikes.astype(np.int64), synops.astype(np.int64))
