"""diagnostics.npz: what every layer did in every epoch, and at the end of training.

L LIF layers, T steps, E epochs, P layers with weights; NaN where a layer never ran.

| array | dtype, shape | meaning |
|---|---|---|
| format | int64 [] | version of this layout |
| layers | text [L] | names of the LIF layers, in definition order |
| weight_layers | text [P] | names of the layers whose weights have two axes or more |
| epoch | int64 [E] | as in metrics.csv, from 0 |
| epoch_samples, final_samples | int64 [] | validation samples probed after an epoch, at the end |
| rate | float64 [E, L, T] | spikes per neuron and step |
| membrane_mean, membrane_std | float64 [E, L, T] | of u before reset |
| threshold | float64 [E, L, T] | in use, mean over neurons |
| available | float64 [E, L, T] | share of neurons inside the gradient-available interval |
| width | float64 [E, L, T] | of that interval, in units of u (see trainers.layer_probe) |
| gradient_norm | float64 [E, P] | L2 norm of a layer's weight gradients, mean over mini-batches |
| final_rate, ... | float64 [L, T] | the six series once more, after the last epoch |
| final_histogram | int64 [L, T, 66] | counts of u - threshold: below, 64 bins (low, high], above |
| histogram_edges | float64 [65] | edges of the bins between |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.errors import FileError
from trainers.npz_file import read_npz, write_npz

FORMAT = 1
SERIES = ("rate", "membrane_mean", "membrane_std", "threshold", "available", "width")
SHARES = ("rate", "available")

EDGES: NDArray[np.float64] = np.linspace(-4.0, 4.0, 65)
"""Edges of the histogram of u - threshold: what lies above 0 has fired."""

LARGEST_COUNT = 2**53
"""Of values in a layer: beyond it float64 is no longer exact, and sums come to overflow int64."""

TEXTS = {"layers": "L", "weight_layers": "P"}
INTEGERS = {
    "format": "", "epoch": "E", "epoch_samples": "", "final_samples": "", "final_histogram": "LTB",
}  # fmt: skip
REALS = {
    **dict.fromkeys(SERIES, "ELT"),
    **dict.fromkeys((f"final_{name}" for name in SERIES), "LT"),
    "gradient_norm": "EP",
    "histogram_edges": "G",
}
WORDS = {"U": "text", "i": "integers", "f": "real numbers"}
AXES = {**TEXTS, **INTEGERS, **REALS}
"""Letters name axes: two arrays with the same letter must have the same length there."""


@dataclass(frozen=True)
class Diagnostics:
    """The content of diagnostics.npz; see the module for shapes.

    Args:
        layers: LIF layers.
        weight_layers: layers with weights.
        epochs: [E].
        series: SERIES name -> [E, L, T].
        gradient_norm: [E, P].
        final: SERIES name -> [L, T].
        histogram: [L, T, bins + 2].
        edges: [bins + 1].
        epoch_samples: probed after each epoch.
        final_samples: probed at the end.
    """

    layers: tuple[str, ...]
    weight_layers: tuple[str, ...]
    epochs: NDArray[np.int64]
    series: dict[str, NDArray[np.float64]]
    gradient_norm: NDArray[np.float64]
    final: dict[str, NDArray[np.float64]]
    histogram: NDArray[np.int64]
    edges: NDArray[np.float64]
    epoch_samples: int
    final_samples: int


def write_diagnostics(path: Path, content: Diagnostics) -> None:
    """Writes the file whole; the same content gives the same bytes.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT, dtype=np.int64),
        "layers": np.array(content.layers, dtype=np.str_),
        "weight_layers": np.array(content.weight_layers, dtype=np.str_),
        "epoch": content.epochs,
        "epoch_samples": np.array(content.epoch_samples, dtype=np.int64),
        "final_samples": np.array(content.final_samples, dtype=np.int64),
        **content.series,
        "gradient_norm": content.gradient_norm,
        **{f"final_{name}": content.final[name] for name in SERIES},
        "final_histogram": content.histogram,
        "histogram_edges": content.edges,
    }
    write_npz(path, arrays)


def read_diagnostics(path: Path) -> Diagnostics:
    """Reads and checks the file.

    Raises:
        FileError: unreadable, an array is missing, has the wrong kind or shape, or impossible
            values.
    """
    arrays = read_npz(path, tuple(AXES))
    _check_kinds(path, arrays)
    found = int(arrays["format"])
    if found != FORMAT:
        raise FileError(f"{path}: format {found}, expected {FORMAT}. Train again.")
    _check_values(path, arrays)
    return Diagnostics(
        layers=tuple(map(str, arrays["layers"])),
        weight_layers=tuple(map(str, arrays["weight_layers"])),
        epochs=arrays["epoch"].astype(np.int64),
        series={name: arrays[name].astype(np.float64) for name in SERIES},
        gradient_norm=arrays["gradient_norm"].astype(np.float64),
        final={name: arrays[f"final_{name}"].astype(np.float64) for name in SERIES},
        histogram=arrays["final_histogram"].astype(np.int64),
        edges=arrays["histogram_edges"].astype(np.float64),
        epoch_samples=int(arrays["epoch_samples"]),
        final_samples=int(arrays["final_samples"]),
    )


def _check_kinds(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    sizes: dict[str, int] = {}
    for name, axes in AXES.items():
        kind = "U" if name in TEXTS else "i" if name in INTEGERS else "f"
        array = arrays[name]
        known = zip(axes, array.shape, strict=False)
        expected = tuple(sizes.setdefault(axis, size) for axis, size in known)
        if array.dtype.kind != kind or array.ndim != len(axes) or array.shape != expected:
            raise FileError(
                f"{path}: array '{name}' holds {array.dtype} of shape {array.shape}, expected "
                f"{WORDS[kind]} with axes ({', '.join(axes)}), each as long as in the other "
                "arrays. Train again."
            )
    if 0 in (sizes["L"], sizes["T"]) or sizes["G"] < 2 or sizes["B"] != sizes["G"] + 1:
        raise FileError(
            f"{path}: {sizes['L']} layers, {sizes['T']} steps, {sizes['G']} edges, {sizes['B']} "
            "bins; there must be at least 1, 1 and 2, and one bin more than edges. Train again."
        )


def _check_values(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    faults = {
        name: "lies outside 0 to 1"
        for share in SHARES
        for name in (share, f"final_{share}")
        if ((arrays[name] < 0) | (arrays[name] > 1)).any()
    }
    faults |= {
        name: "falls below 0"
        for name in ("epoch", "width", "final_width")
        if (arrays[name] < 0).any()
    }
    faults |= {
        name: "counts below 0"
        for name in ("epoch_samples", "final_samples", "final_histogram")
        if (arrays[name] < 0).any()
    }
    if (arrays["epoch"][1:] <= arrays["epoch"][:-1]).any():
        faults.setdefault("epoch", "doesn't increase")
    if (arrays["final_histogram"].sum(axis=(1, 2), dtype=np.float64) > LARGEST_COUNT).any():
        faults.setdefault("final_histogram", f"counts more than {LARGEST_COUNT} in a layer")
    edges = arrays["histogram_edges"]
    if not np.isfinite(edges).all():
        faults["histogram_edges"] = "isn't finite"
    elif (np.diff(edges) <= 0).any():
        faults["histogram_edges"] = "doesn't increase"
    for name, fault in faults.items():
        raise FileError(f"{path}: array '{name}' {fault}. Train again.")
