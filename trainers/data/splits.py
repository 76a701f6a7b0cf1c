"""Data as the trainers take it: three disjoint splits of arrays, checked once."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError


class Inputs(Protocol):
    """A read-only array of samples: numpy's own, or one that is read from files when indexed.

    The second kind is called lazy. Nobody looks at all its values beforehand: what it returns must
    be finite, images must lie in [0, 1], and where a sample can't be read it raises DataError,
    naming the file.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, ...] as in `Split`."""

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, rows: slice | list[int] | NDArray[np.intp], /) -> NDArray[np.float32]:
        """The samples at these places, in this order, in memory."""


@dataclass(frozen=True)
class Split:
    """One split.

    Args:
        inputs: float32 [N, C, H, W] or [N, F] (static), [N, T, C, H, W] or [N, T, F] (sequence),
            finite; in memory or lazy.
        labels: int64 [N].
    """

    inputs: Inputs
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class DataSplits:
    """A data set, split once and for all.

    Args:
        name: for reports.
        train: what weights learn from.
        validation: what choices (thresholds, scales, early stop) may see.
        test: what is reported, and nothing else.
        classes: class names, in label order.
        input_scale: factor applied to the raw values (x / max), for the record.
        form: `static` samples or `sequence`s.
        workers: processes that read batches of lazy inputs ahead of training; 0 reads them in
            between. Arrays in memory need none and take none.

    Raises:
        DataError: an array has the wrong rank, dtype or length, a value in memory isn't finite, a
            label lies outside the classes, there is one class only, or a split is empty.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    input_scale: float = 1.0
    form: Literal["static", "sequence"] = "static"
    workers: int = 0

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise DataError(
                f"data set '{self.name}': {len(self.classes)} classes, at least 2 are needed. "
                "Name every class."
            )
        for part in ("train", "validation", "test"):
            self._check(part, getattr(self, part))

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample at one step."""
        first = 2 if self.form == "sequence" else 1
        return tuple(int(size) for size in self.train.inputs.shape[first:])

    def _check(self, part: str, split: Split) -> None:
        where = f"data set '{self.name}', {part} split"
        if len(split) == 0 or len(split.inputs) != len(split.labels):
            raise DataError(
                f"{where}: {len(split.inputs)} inputs and {len(split.labels)} labels; both must "
                "be equal and at least 1. Check the files or the split fractions."
            )
        self._check_arrays(where, split)
        bad = _not_finite(split.inputs)
        if bad:
            raise DataError(f"{where}: {bad} input values are NaN or infinite. Clean the data.")
        lowest, highest = int(split.labels.min()), int(split.labels.max())
        if lowest < 0 or highest >= len(self.classes):
            raise DataError(
                f"{where}: labels run from {lowest} to {highest}, but there are "
                f"{len(self.classes)} classes (0 to {len(self.classes) - 1}). Fix the labels."
            )

    def _check_arrays(self, where: str, split: Split) -> None:
        expected = self.train.inputs.shape[1:]
        if split.inputs.dtype != np.float32 or split.inputs.shape[1:] != expected:
            raise DataError(
                f"{where}: inputs {split.inputs.dtype} {split.inputs.shape[1:]}, expected float32 "
                f"{expected}. Convert them."
            )
        least = 2 if self.form == "sequence" else 1
        if len(expected) < least:
            raise DataError(
                f"{where}: {self.form} samples of shape {expected} have no features. Give inputs "
                f"{'[N, T, F] or [N, T, C, H, W]' if least == 2 else '[N, F] or [N, C, H, W]'}."
            )
        if split.labels.dtype != np.int64 or split.labels.ndim != 1:
            raise DataError(
                f"{where}: labels {split.labels.dtype} {split.labels.shape}, expected int64 [N]. "
                "Convert them."
            )


def _not_finite(inputs: Inputs) -> int:
    if not isinstance(inputs, np.ndarray) or np.isfinite(inputs).all():
        return 0
    return int((~np.isfinite(inputs)).sum())
