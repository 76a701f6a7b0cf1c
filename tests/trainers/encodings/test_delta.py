"""delta: levels crossed, up and down, so that the spikes add up to the signal."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainers.data import DataSplits, Split
from trainers.encodings.delta import DeltaEncoder, DeltaOptions
from trainers.encodings.encoded_splits import encode_data
from trainers.errors import DataError

RANDOM = np.random.default_rng(0)


def spikes(signal: list[float], step: float, **options: Any) -> list[list[float]]:
    """Up and down channel of one signal on one channel."""
    encoder = DeltaEncoder((step,), DeltaOptions(**options))
    (found,) = encoder(np.array(signal, np.float32)[None, :, None], np.arange(1))
    return [row.tolist() for row in found.T]


def series(*shape: int, offset: float = 0.0) -> DataSplits:
    """Splits of random walks, samples of [T, ...] given."""
    walks = RANDOM.normal(size=(12, *shape)).cumsum(axis=1).astype(np.float32) + np.float32(offset)
    labels = np.arange(12) % 2
    train, validation, test = (
        Split(walks[start::3], labels[start::3].astype(np.int64)) for start in range(3)
    )
    return DataSplits("walks", train, validation, test, ("a", "b"), form="sequence")


def test_counts_by_hand() -> None:
    """From 1 in steps of 1/2: to 2.2 are two levels up, back to 1.9 none, to -0.1 four down."""
    up, down = spikes([1.0, 2.2, 1.9, -0.1, 0.0, 1.0], 0.5)
    assert up == [0, 2, 0, 0, 0, 2]
    assert down == [0, 0, 0, 4, 0, 0]


def test_one_spike_a_step_by_hand() -> None:
    """The level follows what was sent, one at a time, and turns round where the signal does."""
    up, down = spikes([1.0, 2.2, 2.2, 1.9, -0.1, -0.1], 0.5, crossings="one")
    assert up == [0, 1, 1, 0, 0, 0]
    assert down == [0, 0, 0, 0, 1, 1]


def test_a_level_is_crossed_when_it_is_reached() -> None:
    """Exactly one step away counts, in both directions; a little less doesn't."""
    assert spikes([0.0, 0.5, 0.0], 0.5) == [[0, 1, 0], [0, 0, 1]]
    below = float(np.nextafter(np.float32(0.5), np.float32(0)))
    assert spikes([0.0, below, -below], 0.5) == [[0, 0, 0], [0, 0, 0]]


def test_from_zero_the_first_step_tells_where_the_signal_starts() -> None:
    """From the first value it is silent."""
    assert spikes([1.7, 1.7], 0.5, start="zero") == [[3, 0], [0, 0]]
    assert spikes([-1.7, -1.7], 0.5, start="zero", crossings="one") == [[0, 0], [1, 1]]
    assert spikes([1.7, 1.7], 0.5) == [[0, 0], [0, 0]]


signals = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30)


@given(
    signal=signals, step=st.sampled_from([0.25, 0.1, 3.0]), start=st.sampled_from(["first", "zero"])
)
def test_the_receiver_s_level_stays_within_a_step(
    signal: list[float], step: float, start: str
) -> None:
    """After every step, from the spikes alone, in exact fractions; no sample is on both sides."""
    up, down = spikes(signal, step, start=start)
    level = Fraction(signal[0]) if start == "first" else Fraction(0)
    for value, plus, minus in zip(signal, up, down, strict=True):
        assert min(plus, minus) == 0
        level += Fraction(step) * (int(plus) - int(minus))
        assert abs(Fraction(value) - level) < Fraction(step) * (1 + Fraction(1, 10**9))


exact = st.lists(st.integers(-100_000, 100_000).map(lambda n: n / 1024), min_size=1, max_size=30)


@given(signal=exact, step=st.sampled_from([0.25, 2.0, 50.0]))
def test_clipped_spikes_chase_the_signal(signal: list[float], step: float) -> None:
    """Towards it and only while it is a step away or more; once there, within a step."""
    up, down = spikes(signal, step, crossings="one")
    level = Fraction(signal[0])
    for value, plus, minus in zip(signal, up, down, strict=True):
        apart = Fraction(value) - level
        assert (plus, minus) == (apart >= Fraction(step), -apart >= Fraction(step))
        level += Fraction(step) * (int(plus) - int(minus))


def test_a_long_sequence_loses_nothing() -> None:
    """After 4000 steps of 0.1, which no float holds, the sum of spikes is still the level."""
    signal = (np.arange(4000) % 97 * 0.37 - np.arange(4000) * 0.01).tolist()
    up, down = spikes(signal, 0.1)
    level = (sum(up) - sum(down)) * 0.1
    assert abs(float(np.float32(signal[-1])) - level) < 0.1 * (1 + 1e-9)


def test_channels_have_steps_of_their_own() -> None:
    """Half the standard deviation of each channel over the training split, by numpy in float64."""
    data = series(9, 3, offset=5.0)
    found = encode_data(data, "delta", time_steps=9, step=0.5)
    assert (found.form, found.sample_shape) == ("sequence", (6,))
    deviation = np.asarray(data.train.inputs[:], np.float64).std(axis=(0, 1))
    both = found.test.inputs[:].astype(np.float64)
    levels = (both[..., :3] - both[..., 3:]).cumsum(axis=1) * 0.5 * deviation
    signal = data.test.inputs[:].astype(np.float64)
    apart = abs(signal - signal[:, :1] - levels) / (0.5 * deviation)
    assert apart.max() < 1
    assert (apart.max(axis=(0, 1)) > 0.5).all()


def test_the_signal_s_own_unit() -> None:
    """No statistics are asked for, so a constant channel is no fault and stays silent."""
    data = series(6, 2)
    data.train.inputs[:][..., 1] = 3
    found = encode_data(data, "delta", time_steps=6, step=0.25, unit="signal")
    signal = data.train.inputs[:]
    expected = DeltaEncoder((0.25, 0.25), DeltaOptions())(signal, np.arange(len(signal)))
    np.testing.assert_array_equal(found.train.inputs[:], expected)
    assert not found.train.inputs[:][..., [1, 3]].any()


def test_frames_double_their_channels() -> None:
    """[N, T, C, H, W]: ups of all channels, then downs; each pixel as a signal of its own."""
    data = series(5, 2, 3, 4)
    found = encode_data(data, "delta", time_steps=5, step=0.3, unit="signal")
    assert found.sample_shape == (4, 3, 4)
    pixel = data.test.inputs[:][1, :, 1, 2, 3]
    up, down = spikes(pixel.tolist(), 0.3)
    both = found.test.inputs[:][1, :, :, 2, 3]
    assert (both[:, 1].tolist(), both[:, 3].tolist()) == (up, down)


def test_more_levels_than_can_be_counted_are_refused() -> None:
    """float32 holds counts up to 2^24; a step that is too small for the signal is named."""
    assert spikes([0.0, 2.0**24], 1.0) == [[0, 2**24], [0, 0]]
    for step in (2.0**-25, 5e-324):
        with pytest.raises(DataError, match=r"lies 1 from where .* larger encoding\.step"):
            spikes([3.0, 4.0], step)


@settings(max_examples=20)
@given(data=st.data())
def test_blocks_and_single_samples_agree(data: st.DataObject) -> None:
    """A sample's spikes don't depend on the batch it is in."""
    found = encode_data(WALKS, "delta", time_steps=9)
    rows = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    whole: NDArray[np.float32] = found.train.inputs[:]
    np.testing.assert_array_equal(found.train.inputs[rows], whole[rows])


WALKS = series(9, 3)
