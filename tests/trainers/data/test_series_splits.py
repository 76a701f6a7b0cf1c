"""Ragged series to splits: validation held out, standardised by the training split, padded."""

from typing import Any

import numpy as np
import pytest

from trainers.data import series_splits
from trainers.data.series_splits import SeriesOptions, split_series
from trainers.data.splits import DataSplits
from trainers.data.ts_cases import Cases
from trainers.errors import DataError

CLASSES = ("a", "b")


def cases(lengths: list[int], seed: int = 0, channels: int = 2) -> Cases:
    """Cases of these lengths, far from mean 0 and deviation 1."""
    random = np.random.default_rng(seed)
    sequences = tuple(
        (random.normal(size=(steps, channels)) * 4 + 100).astype(np.float32) for steps in lengths
    )
    return Cases(sequences, np.arange(len(lengths)) % 2, CLASSES)


TRAIN = cases([3, 5, 2, 4, 6, 1, 5, 3, 2, 4])
TEST = cases([2, 7, 3], seed=1)


def split(train: Cases = TRAIN, test: Cases = TEST, **options: Any) -> DataSplits:
    """With these options."""
    return split_series("mine", train, test, SeriesOptions(**options))


def test_sequences_end_together_or_start_together() -> None:
    """Zeros before or behind; as long as the longest of both files."""
    front = split(standardize=False)
    back = split(standardize=False, padding="back", steps=9)
    assert (front.form, front.test.inputs.shape, front.sample_shape) == (
        "sequence",
        (3, 7, 2),
        (2,),
    )
    assert back.test.inputs.shape == (3, 9, 2)
    for row, sequence in enumerate(TEST.sequences):
        steps = len(sequence)
        np.testing.assert_array_equal(front.test.inputs[:][row, 7 - steps :], sequence)
        np.testing.assert_array_equal(back.test.inputs[:][row, :steps], sequence)
        assert not front.test.inputs[:][row, : 7 - steps].any()
        assert not back.test.inputs[:][row, steps:].any()


def test_the_training_split_alone_is_standardised_to_0_and_1() -> None:
    """Over real steps; the same shift and scale for the others, and padding stays 0."""
    plain, found = split(standardize=False), split()
    real = plain.train.inputs[:][..., 0] != 0
    values = np.asarray(plain.train.inputs[:], np.float64)[real]
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    standard = found.train.inputs[:][real].astype(np.float64)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(standard.std(axis=0), 1, rtol=1e-6)
    for part in ("validation", "test"):
        raw, scaled = getattr(plain, part).inputs[:], getattr(found, part).inputs[:]
        there = raw[..., :1] != 0
        expected = np.where(there, (raw.astype(np.float64) - mean) / deviation, 0)
        np.testing.assert_allclose(scaled, expected, rtol=1e-5, atol=1e-6)


def test_validation_cases_are_held_out_of_the_training_file() -> None:
    """Stratified and disjoint, with their labels; another seed draws others."""
    found = split(standardize=False, validation_fraction=0.4)
    assert np.bincount(found.validation.labels).tolist() == [2, 2]
    assert np.bincount(found.train.labels).tolist() == [3, 3]
    given = {
        (sequence.tobytes(), int(label))
        for sequence, label in zip(TRAIN.sequences, TRAIN.labels, strict=True)
    }
    seen = {
        (row[row[:, 0] != 0].tobytes(), int(label))
        for part in (found.train, found.validation)
        for row, label in zip(part.inputs[:], part.labels, strict=True)
    }
    assert seen == given
    other = split(standardize=False, validation_fraction=0.4, split_seed=1)
    assert (other.validation.inputs[:] != found.validation.inputs[:]).any()


OTHER_NAMES = Cases(TEST.sequences, TEST.labels, ("b", "a"))
CONSTANT = Cases(
    tuple(
        sequence * np.array([1, 0], np.float32) + np.float32(0.1) for sequence in TRAIN.sequences
    ),
    TRAIN.labels,
    CLASSES,
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 6}, r"a sequence has 7 steps, more than data\.steps 6\. Set it to at least 7"),
        ({"test": cases([2, 3], channels=3)}, "2 channels and 2 classes, the test file 3 and 2"),
        ({"test": OTHER_NAMES}, "class names in the same order"),
        ({"train": CONSTANT}, r"channel 1 has the value 0\.1 in all training cases"),
        ({"validation_fraction": 0.05}, r"validation_fraction 0\.05: 0 can't be drawn"),
        ({"validation_fraction": 0.95}, "leaves none of class"),
    ],
)
def test_faults_are_named(given: dict[str, Any], message: str) -> None:
    """In one line with the data set's name."""
    with pytest.raises(DataError, match=message) as error:
        split(**given)
    assert str(error.value).startswith("data set 'mine': ")
    assert "\n" not in str(error.value)


def test_a_constant_channel_passes_as_it_is() -> None:
    """Without standardising nothing is divided."""
    found = split(train=CONSTANT, standardize=False)
    assert found.train.inputs[:].max() > 1


def test_padding_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One long case among many: 13 x 7 x 2 values of 4 bytes are 728."""
    monkeypatch.setattr(series_splits, "MAX_BYTES", 728)
    split()
    monkeypatch.setattr(series_splits, "MAX_BYTES", 727)
    with pytest.raises(DataError, match="padded to 7 steps its inputs take 728 bytes, more than 7"):
        split()
