"""What a data set must be, and the message for each way in which it isn't."""

from typing import Any

import numpy as np
import pytest

from trainers.data.splits import DataSplits, Split
from trainers.errors import DataError

FEATURES = (2, 3, 3)


def split(samples: int = 4, shape: tuple[int, ...] = FEATURES, labels: Any = None) -> Split:
    """Zeros of a shape, labelled 0, 1, 2, 0, 1, 2, ..."""
    if labels is None:
        labels = np.arange(samples, dtype=np.int64) % 3
    return Split(np.zeros((samples, *shape), np.float32), labels)


def splits(**changed: Any) -> DataSplits:
    """A valid data set with some parts replaced."""
    parts = {"train": split(), "validation": split(2), "test": split(3)}
    return DataSplits(**{"name": "mine", "classes": ("a", "b", "c"), **parts, **changed})


def test_a_valid_set_knows_its_sample_shape() -> None:
    """One sample at one step, static or in a sequence."""
    assert splits().sample_shape == FEATURES
    sequences = {part: split(2, (5, 7)) for part in ("train", "validation", "test")}
    assert splits(**sequences, form="sequence").sample_shape == (7,)


def with_value(value: float) -> Split:
    """A split with one such value in it."""
    damaged = split(3)
    damaged.inputs[:][1, 0, 2, 2] = value
    return damaged


LABELS = np.array([0, 1, 2, 3])
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": ({"test": with_value(np.nan)}, "test split: 1 input values are NaN or infinite"),
    "infinite": ({"validation": with_value(-np.inf)}, "validation split: 1 input values are NaN"),
    "label too large": ({"train": split(labels=LABELS)}, r"labels run from 0 to 3, but .* 3 class"),
    "label negative": ({"train": split(labels=LABELS - 1)}, "labels run from -1 to 2"),
    "empty": ({"test": split(0)}, "test split: 0 inputs and 0 labels"),
    "lengths differ": ({"test": split(4, labels=LABELS[:3])}, "4 inputs and 3 labels"),
    "double": (
        {"train": Split(np.zeros((2, 4)), np.zeros(2, np.int64))},  # type: ignore[arg-type]
        r"train split: inputs float64 \(4,\), expected float32",
    ),
    "another shape": (
        {"test": split(3, (2, 3, 4))},
        r"test split: inputs float32 \(2, 3, 4\), expected float32 \(2, 3, 3\)",
    ),
    "no features": (
        {part: split(3, ()) for part in ("train", "validation", "test")},
        r"static samples of shape \(\) have no features",
    ),
    "no steps": (
        {
            "form": "sequence",
            **{part: split(3, (5,)) for part in ("train", "validation", "test")},
        },
        r"sequence samples of shape \(5,\) have no features",
    ),
    "labels that are fractions": (
        {"test": split(2, labels=np.array([0.5, np.nan]))},
        r"test split: labels float64 \(2,\), expected int64",
    ),
    "one-hot labels": (
        {"test": split(3, labels=np.eye(3, dtype=np.int64))},
        r"test split: labels int64 \(3, 3\), expected int64 \[N\]",
    ),
    "one class": ({"classes": ("a",)}, "1 classes, at least 2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_place(fault: str) -> None:
    """Data set and split, what is wrong and what to do, in one line."""
    changed, message = FAULTS[fault]
    with pytest.raises(DataError, match=message) as error:
        splits(**changed)
    assert "data set 'mine'" in str(error.value)
    assert "\n" not in str(error.value)
