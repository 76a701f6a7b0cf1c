"""Checks what a caller feeds to a network and brings it into time-major form."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.graph_order import OrderedNode
from export.nir_metadata import FrozenFacts
from trainers.errors import DataError

Samples = NDArray[Any]
FloatArray = NDArray[np.float64]


def check_samples(
    inputs: Samples, nodes: tuple[OrderedNode, ...], facts: FrozenFacts, time_steps: int
) -> None:
    """Holds inputs against what the network takes.

    Raises:
        DataError: wrong shape, no samples, no steps, not numbers, or NaN or infinity among them.
    """
    if time_steps < 1:
        raise DataError(f"time_steps ({time_steps}) must be at least 1. Ask for more steps.")
    sample = nodes[0].shape
    static = facts.input.form == "static"
    expected = sample if static else (time_steps, *sample)
    if inputs.ndim == 0 or inputs.shape[1:] != expected:
        wanted = ", ".join(["N", *map(str, expected)])
        raise DataError(
            f"inputs: shape {inputs.shape} isn't what this {facts.input.form}-input network takes: "
            f"[{wanted}]. Pass samples of that shape."
        )
    if len(inputs) == 0:
        raise DataError("inputs: 0 samples. Pass at least 1.")
    if inputs.dtype.kind not in "biuf":
        raise DataError(f"inputs: dtype {inputs.dtype} isn't a real number. Pass float32.")
    wrong = 0 if inputs.dtype.kind != "f" else int((~np.isfinite(inputs)).sum())
    if wrong:
        raise DataError(
            f"inputs: {wrong} of {inputs.size} values are NaN or infinite. Mend the data."
        )


def time_major(inputs: Samples, facts: FrozenFacts) -> FloatArray:
    """Samples as float64 [T, N, ...]; T is 1 for a static input, which holds at every step."""
    doubles = np.asarray(inputs, dtype=np.float64)
    return doubles[None] if facts.input.form == "static" else np.moveaxis(doubles, 1, 0)
