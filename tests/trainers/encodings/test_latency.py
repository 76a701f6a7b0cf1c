"""latency: one early or late spike per value, held against hand computations and two libraries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.tiny_training import few_digits
from trainers.encodings.encoded_splits import encode_data
from trainers.encodings.latency import LatencyEncoder, LatencyOptions
from trainers.errors import ConfigError, DataError

VALUES = np.random.default_rng(0).random((7, 40), np.float32)


def spikes(values: NDArray[np.float32], steps: int, **options: object) -> NDArray[np.float32]:
    """Of these samples."""
    encoder = LatencyEncoder(steps, LatencyOptions.model_validate(options))
    return encoder(values, np.arange(len(values)))


def spike_steps(values: list[float], steps: int, **options: object) -> list[int]:
    """The step of each value's one spike, -1 for none."""
    (found,) = spikes(np.array([values], np.float32), steps, **options)
    assert found.sum(axis=0).max() <= 1
    return [int(column.argmax()) if column.any() else -1 for column in found.T]


def test_linear_time_by_hand() -> None:
    """t = 4 (1 - x), halves to the even step, nothing up to the threshold."""
    values = [1.0, 0.9, 0.75, 0.6, 0.5, 0.3, 0.25, 0.02, 0.01, 0.0]
    assert spike_steps(values, 5) == [0, 0, 1, 2, 2, 3, 3, 4, -1, -1]
    assert spike_steps([0.875, 0.625, 0.375], 5) == [0, 2, 2]


def test_logarithmic_time_by_hand() -> None:
    """With threshold 1/16 and five steps, each halving is one step later."""
    values = [1.0, 0.5, 0.25, 0.125, 0.0626, 0.0625, 0.05, 0.0]
    options = {"time": "logarithmic", "threshold": 1 / 16}
    assert spike_steps(values, 5, **options) == [0, 1, 2, 3, 4, -1, -1, -1]
    assert spike_steps([0.72, 0.70], 5, **options) == [0, 1]


def test_no_threshold_lets_all_but_zero_spike() -> None:
    """Strictly above, so 0 never spikes; in linear time alone, where the last step is at 0."""
    assert spike_steps([1e-6, 0.0], 8, threshold=0) == [7, -1]
    with pytest.raises(ConfigError, match="encoding: threshold 0 is never reached in logarith"):
        encode_data(few_digits(), "latency", time_steps=4, time="logarithmic", threshold=0)


@pytest.mark.parametrize("threshold", [0.01, 0.3])
def test_linear_time_equals_snntorch(threshold: float) -> None:
    """spikegen.latency, normalised, linear, what lies below the threshold clipped."""
    from snntorch import spikegen

    theirs = spikegen.latency(
        torch.from_numpy(VALUES), num_steps=9, threshold=threshold, normalize=True, linear=True,
        clip=True,
    )  # fmt: skip
    ours = spikes(VALUES, 9, threshold=threshold)
    np.testing.assert_array_equal(ours.swapaxes(0, 1), theirs.numpy())


def test_linear_time_equals_spikingjelly() -> None:
    """LatencyEncoder over its whole period."""
    from spikingjelly.activation_based.encoding import LatencyEncoder as TheirEncoder

    encoder = TheirEncoder(9)
    theirs = np.stack([encoder(torch.from_numpy(VALUES)).numpy() for _ in range(9)], axis=1)
    np.testing.assert_array_equal(spikes(VALUES, 9, threshold=0), theirs)


@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    steps=st.integers(1, 300),
    time=st.sampled_from(["linear", "logarithmic"]),
    threshold=st.floats(1e-6, 0.9),
)
def test_one_spike_in_the_order_of_the_values(
    values: list[float], steps: int, time: str, threshold: float
) -> None:
    """Within T, never twice, never later for a larger value; as the equations in float64 say."""
    found = spike_steps(values, steps, time=time, threshold=threshold)
    lowest = float(np.float32(threshold))
    for value, step in zip(values, found, strict=True):
        assert (step >= 0) == (value > lowest)
        if step >= 0:
            share = 1 - value if time == "linear" else math.log(value) / math.log(threshold)
            assert abs(step - (steps - 1) * share) <= 0.5 + 1e-3
    fired = sorted((value, -step) for value, step in zip(values, found, strict=True) if step >= 0)
    assert [late for _, late in fired] == sorted(late for _, late in fired)


def test_images_keep_their_axes() -> None:
    """[N, T, C, H, W]; each pixel's spikes are those of the value alone."""
    data = encode_data(few_digits(), "latency", time_steps=6)
    assert (data.form, data.sample_shape) == ("sequence", (1, 8, 8))
    images = few_digits().test.inputs[:3]
    found = data.test.inputs[:3]
    assert found.shape == (3, 6, 1, 8, 8)
    np.testing.assert_array_equal(found.reshape(3, 6, 64), spikes(images.reshape(3, 64), 6))


def test_a_lazy_value_outside_is_refused_when_read() -> None:
    """There is no step before the first."""
    with pytest.raises(DataError, match=r"encoding 'latency': a sample has values from 0\.2 to 2,"):
        spikes(np.array([[0.2, 2.0]], np.float32), 3)
