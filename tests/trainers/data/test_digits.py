"""The digits and their split: all of them, each once, every class in its share."""

import hashlib
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_digits

from trainers.data import DataSplits
from trainers.data.digits import DigitsOptions, load


@pytest.fixture(scope="module")
def splits() -> DataSplits:
    """The default split."""
    return load(DigitsOptions())


def as_rows(data: DataSplits, part: str) -> list[tuple[bytes, int]]:
    """Each sample as its raw pixels and its label."""
    split = getattr(data, part)
    raw = (split.inputs.reshape(len(split), 64) * 16).astype(np.uint8)
    return [(row.tobytes(), int(label)) for row, label in zip(raw, split.labels, strict=True)]


def test_the_three_splits_are_the_whole_set(splits: DataSplits) -> None:
    """1797 images: sorted together, they are scikit-learn's, pixels and labels."""
    found = [row for part in ("train", "validation", "test") for row in as_rows(splits, part)]
    pixels, labels = load_digits(return_X_y=True)
    expected = [
        (row.tobytes(), int(label))
        for row, label in zip(pixels.astype(np.uint8), labels, strict=True)
    ]
    assert len(found) == 1797
    assert sorted(found) == sorted(expected)


def test_no_image_stands_in_two_splits(splits: DataSplits) -> None:
    """Not even as an equal copy: the pixels themselves are compared."""
    train, validation, test = (
        {pixels for pixels, _ in as_rows(splits, part)} for part in ("train", "validation", "test")
    )
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_inputs_are_scaled_and_not_shifted(splits: DataSplits) -> None:
    """x / 16 in [0, 1], [N, 1, 8, 8], black stays exactly 0."""
    assert splits.train.inputs.shape[1:] == (1, 8, 8)
    assert splits.train.inputs.dtype == np.float32
    assert (splits.train.inputs[:].min(), splits.train.inputs[:].max()) == (0.0, 1.0)
    assert splits.input_scale == 1 / 16


@pytest.mark.parametrize(("part", "share"), [("train", 0.7), ("validation", 0.1), ("test", 0.2)])
def test_every_class_has_its_share_within_a_sample(
    splits: DataSplits, part: str, share: float
) -> None:
    """Stratified: class by class, the split's share of the digits, rounded up or down."""
    _, labels = load_digits(return_X_y=True)
    split = getattr(splits, part)
    assert len(split) == pytest.approx(share * 1797, abs=1)
    counts = np.bincount(split.labels, minlength=10)
    assert np.abs(counts - share * np.bincount(labels)).max() < 1.5


def test_the_split_is_the_same_every_time(splits: DataSplits) -> None:
    """Whatever numpy's global state; another split seed gives another one."""
    np.random.seed(123)
    again = load(DigitsOptions())
    other = load(DigitsOptions(split_seed=1))
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(again, part).inputs, getattr(splits, part).inputs)
        assert np.array_equal(getattr(again, part).labels, getattr(splits, part).labels)
        assert not np.array_equal(getattr(other, part).labels, getattr(splits, part).labels)


@pytest.mark.parametrize(
    "values",
    [
        {"test_fraction": 0.001},
        {"test_fraction": 0.5},
        {"validation_fraction": 0.0},
        {"split_seed": -1},
        {"split_seed": 2**32},
        {"image_size": 6},
        {"image_size": 9},
        {"image_size": 66},
        {"form": "columns"},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, Any]) -> None:
    """Fractions that leave a class out, sizes that can't be padded to evenly, unknown forms."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        DigitsOptions.model_validate(values)


def test_the_smallest_fractions_still_hold_every_digit() -> None:
    """At 1 % each, the limit of the options, no class is missing."""
    smallest = load(DigitsOptions(test_fraction=0.01, validation_fraction=0.01))
    assert set(smallest.test.labels) == set(smallest.validation.labels) == set(range(10))


HASHES = {
    "train": "09922dbb2058923e7b4c49cbbddaf61ab5047249b528174bb5de104e56bd2930",
    "validation": "1c4f8ae48062e086953884e3f2f7a6530330bb61689f16306a35f80af4177908",
    "test": "f21056ce3529b1f056c5fc4cd69f77c47890de3918a7e706537a16212fe89ece",
}
"""sha256 of inputs and labels of the default splits, which results and golden files rest on."""


@pytest.mark.parametrize("part", HASHES)
def test_the_default_splits_never_change(splits: DataSplits, part: str) -> None:
    """Bit by bit, whatever options are added."""
    split = getattr(splits, part)
    content = split.inputs.tobytes() + split.labels.tobytes()
    assert hashlib.sha256(content).hexdigest() == HASHES[part]


def test_padding_keeps_the_digit_in_the_middle(splits: DataSplits) -> None:
    """16x16: four black pixels on each side, as numpy pads, and the same splits."""
    padded = load(DigitsOptions(image_size=16))
    assert padded.sample_shape == (1, 16, 16)
    for part in ("train", "validation", "test"):
        expected = np.pad(getattr(splits, part).inputs, ((0, 0), (0, 0), (4, 4), (4, 4)))
        np.testing.assert_array_equal(getattr(padded, part).inputs, expected)
        np.testing.assert_array_equal(getattr(padded, part).labels, getattr(splits, part).labels)


def test_rows_are_a_sequence(splits: DataSplits) -> None:
    """8 steps of 8 pixels, from the top."""
    rows = load(DigitsOptions(form="rows"))
    assert (rows.form, rows.sample_shape) == ("sequence", (8,))
    np.testing.assert_array_equal(rows.test.inputs, splits.test.inputs[:][:, 0])
    np.testing.assert_array_equal(rows.test.labels, splits.test.labels)
