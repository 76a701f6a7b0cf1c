"""rate: Bernoulli spikes with the values as probabilities, renewed or fixed as documented."""

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tiny_training import few_digits
from trainers.data import DataSplits
from trainers.data.epoch_inputs import inputs_in_epoch
from trainers.encodings.encoded_splits import encode_data
from trainers.encodings.rate import RateEncoder
from trainers.encodings.sample_random import uniform
from trainers.errors import DataError

STEPS = 6


def encoded(seed: int = 0) -> DataSplits:
    """The few digits as spikes."""
    return encode_data(few_digits(), "rate", time_steps=STEPS, seed=seed)


def spikes(values: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Of these samples, with some key."""
    return RateEncoder(steps, (0, 0, 0))(values, np.arange(len(values)))


def test_a_value_spikes_where_its_number_is_below() -> None:
    """Number by number: step after step, each with all values of the sample in their order."""
    values = np.random.default_rng(0).random((5, 2, 3), np.float32)
    rows = np.array([7, 1, 3, 900, 2])
    found = RateEncoder(4, (9, 1, 3))(values, rows)
    numbers = uniform((9, 1, 3), rows, 24).reshape(5, 4, 2, 3)
    np.testing.assert_array_equal(found, (numbers < values[:, None]).astype(np.float32))


def test_a_value_that_its_number_equals_is_silent() -> None:
    """Strictly below, so that 0 never spikes, whatever is drawn."""
    numbers = uniform((0, 0, 0), np.arange(3), 5)
    assert not spikes(numbers, 1).any()
    assert spikes(np.nextafter(numbers, np.float32(1)), 1).all()


def test_rates_are_the_values() -> None:
    """Over 4000 samples and 25 steps, each within five standard errors; 0 and 1 exactly."""
    values = np.linspace(0, 1, 11, dtype=np.float32)
    found = spikes(np.broadcast_to(values, (4000, 11)), 25)
    assert set(np.unique(found)) == {0.0, 1.0}
    rates = found.mean(axis=(0, 1), dtype=np.float64)
    errors = np.sqrt(values * (1 - values) / 100_000)
    assert (abs(rates - values) <= 5 * errors + 1e-7).all()
    assert rates[[0, -1]].tolist() == [0.0, 1.0]


def test_steps_and_values_are_independent() -> None:
    """At rate 1/2 two steps, or two values, agree half of the time."""
    found = spikes(np.full((2000, 10), 0.5, np.float32), 10)
    for agree in (found[:, 1:] == found[:, :-1], found[..., 1:] == found[..., :-1]):
        assert abs(agree.mean() - 0.5) < 5 * 0.5 / agree.size**0.5


def test_training_draws_are_renewed_each_epoch() -> None:
    """The same again in the same epoch; an even share of values where other epochs may differ."""
    inputs = encoded().train.inputs
    first, second = inputs_in_epoch(inputs, 0), inputs_in_epoch(inputs, 1)
    np.testing.assert_array_equal(first[:], inputs_in_epoch(inputs, 0)[:])
    np.testing.assert_array_equal(first[:], inputs[:])
    pixels = few_digits().train.inputs[:]
    expected = (2 * pixels * (1 - pixels)).mean()
    assert (first[:] != second[:]).mean() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_evaluation_draws_are_fixed(part: str) -> None:
    """No epoch changes them, and loading again gives them again."""
    inputs = getattr(encoded(), part).inputs
    assert inputs_in_epoch(inputs, 5) is inputs
    np.testing.assert_array_equal(getattr(encoded(), part).inputs[:], inputs[:])


def test_seeds_and_splits_draw_differently() -> None:
    """The same pixels at the same place give other spikes."""
    one, other = encoded(0), encoded(1)
    assert (one.train.inputs[:] != other.train.inputs[:]).any()
    assert (one.test.inputs[:] != other.test.inputs[:]).any()
    grey = np.full((1, 8), 0.5, np.float32)
    parts = [
        split.inputs.encoder(np.repeat(grey, 50, axis=0), np.arange(50)).tobytes()  # type: ignore[attr-defined]
        for split in (one.train, one.validation, one.test)
    ]
    assert len(set(parts)) == 3


def test_a_sample_gets_its_draws_in_any_batch() -> None:
    """By its place in the split, through a pickled copy as in a spawned reader too."""
    inputs = inputs_in_epoch(pickle.loads(pickle.dumps(encoded().train.inputs)), 4)  # noqa: S301
    whole = inputs_in_epoch(encoded().train.inputs, 4)[:]
    rows = [100, 3, 3, 77]
    np.testing.assert_array_equal(inputs[rows], whole[rows])


def test_the_splits_are_sequences() -> None:
    """[N, T, ...], labels and names as before, nothing computed yet."""
    data, before = encoded(), few_digits()
    assert (data.form, data.sample_shape) == ("sequence", (1, 8, 8))
    assert data.test.inputs.shape == (40, STEPS, 1, 8, 8)
    assert data.test.labels is before.test.labels
    assert (data.name, data.classes) == (before.name, before.classes)


def test_moving_pixels_first_or_later_is_the_same() -> None:
    """What [augment]'s geometry relies on: every value by itself, and black stays silent."""
    values = np.random.default_rng(1).random((3, 1, 4, 4), np.float32)
    values[:, :, :2] = 0
    found = spikes(values, 50)
    assert (found[:, :, :, :2] == 0).all()
    assert (found[:, :, :, 2:].mean(axis=1) - values[:, :, 2:]).std() < 0.1


@pytest.mark.parametrize("value", [-0.001, 1.001])
def test_a_lazy_value_outside_is_refused_when_read(value: float) -> None:
    """Probabilities lie in [0, 1]."""
    values = np.array([[0.5, value]], np.float32)
    with pytest.raises(DataError, match=r"encoding 'rate': a sample has values from .*\[0, 1\]"):
        spikes(values, 2)
