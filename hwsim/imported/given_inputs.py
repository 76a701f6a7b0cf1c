"""The arrays of --inputs: samples for an imported network, and how they enter it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from export.nir_metadata import MAX_TIME_STEPS
from trainers.errors import ConfigError, DataError
from trainers.npz_file import npz_shapes, read_npz

Shape = tuple[int, ...]
Form = Literal["static", "sequence"]


@dataclass(frozen=True)
class GivenInputs:
    """Samples in memory.

    Args:
        inputs: float32 [N, ...] or [N, T, ...].
        labels: int64 [N]; None where none were given.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64] | None

    @property
    def are_spikes(self) -> bool:
        """Whether every value is 0 or 1."""
        return bool(((self.inputs == 0) | (self.inputs == 1)).all())


def read_inputs(path: Path) -> GivenInputs:
    """Arrays `inputs` and, where it is there, `labels` of an .npz file.

    Raises:
        FileError: unreadable.
        DataError: no array `inputs`, no numbers, or labels that don't go with them.
    """
    names = npz_shapes(path)
    if "inputs" not in names:
        raise DataError(
            f"{path}: no array 'inputs', only {', '.join(names) or 'nothing'}. Save it as "
            "numpy.savez(FILE, inputs=..., labels=...)."
        )
    arrays = read_npz(path, ("inputs", "labels") if "labels" in names else ("inputs",))
    inputs = arrays["inputs"]
    if inputs.dtype.kind not in "biuf" or inputs.ndim < 2 or not len(inputs):
        raise DataError(
            f"{path}: array 'inputs' holds {inputs.dtype} of shape {inputs.shape}, expected real "
            "numbers [N, ...] or [N, T, ...] of at least one sample."
        )
    _refuse_not_finite(path, inputs)
    return GivenInputs(inputs.astype(np.float32), _labels(path, arrays.get("labels"), len(inputs)))


def form_and_steps(given: GivenInputs | None, steps: int | None, shape: Shape) -> tuple[Form, int]:
    """How samples enter a network, and T.

    Args:
        given: samples, if there are any.
        steps: asked for.
        shape: of one sample at one step, as the network takes it.

    Raises:
        ConfigError: T isn't said, or is another than the inputs'.
        DataError: inputs of another shape.
    """
    if steps is not None and not 1 <= steps <= MAX_TIME_STEPS:
        raise ConfigError(f"--steps {steps}: must be 1 to {MAX_TIME_STEPS:,}.")
    if given is None or given.inputs.shape[1:] == shape:
        if steps is None:
            raise ConfigError(
                "how many steps shall it run? Add --steps T, or --inputs FILE.npz with inputs "
                f"[N, T, {', '.join(map(str, shape))}]."
            )
        return ("sequence" if given is None else "static"), steps
    found = given.inputs.shape
    if found[2:] != shape or len(found) != len(shape) + 2:
        sizes = ", ".join(map(str, shape))
        raise DataError(
            f"inputs: shape {found} isn't what the network takes, [N, {sizes}] or [N, T, {sizes}]. "
            "Save samples of that shape."
        )
    if steps is not None and steps != found[1]:
        raise ConfigError(f"--steps {steps}: the inputs have {found[1]} steps. Leave it away.")
    return "sequence", int(found[1])


def _refuse_not_finite(path: Path, inputs: NDArray[Any]) -> None:
    wrong = 0 if inputs.dtype.kind != "f" else int((~np.isfinite(inputs)).sum())
    if wrong:
        raise DataError(f"{path}: {wrong} of {inputs.size} inputs are NaN or infinite. Mend them.")


def _labels(path: Path, labels: NDArray[Any] | None, samples: int) -> NDArray[np.int64] | None:
    if labels is None:
        return None
    if labels.dtype.kind not in "iu" or labels.shape != (samples,):
        raise DataError(
            f"{path}: array 'labels' holds {labels.dtype} of shape {labels.shape}, expected "
            f"integers [{samples}], one per sample."
        )
    return labels.astype(np.int64)
