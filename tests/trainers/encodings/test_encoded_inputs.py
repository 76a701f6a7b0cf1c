"""Lazy encoded samples: an array's indexing, in blocks, with each sample's own place."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from trainers.encodings import encoded_inputs
from trainers.encodings.encoded_inputs import EncodedInputs

VALUES = np.arange(30, dtype=np.float32).reshape(10, 3)


class Counting:
    """Shows each sample twice, its place added, and remembers how many it got at once."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, samples: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        self.calls.append(len(samples))
        with_place = samples + 100 * rows[:, None].astype(np.float32)
        return np.stack([with_place, -with_place], axis=1)


EXPECTED = Counting()(VALUES, np.arange(10))


@pytest.mark.parametrize(
    "rows", [slice(None), slice(2, 7), slice(9, None, -3), [4, 0, 4], np.array([9]), []]
)
def test_it_indexes_like_the_encoded_array(rows: Any) -> None:
    """Slices, lists, repeats and nothing; places are those in the split, not in the batch."""
    inputs = EncodedInputs(VALUES, Counting(), (2, 3))
    assert (inputs.shape, inputs.dtype, len(inputs)) == ((10, 2, 3), np.dtype(np.float32), 10)
    found = inputs[rows]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, EXPECTED[rows])


def test_a_long_slice_is_encoded_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six values a sample, at most 24 at once; a sample larger than that comes alone."""
    encoder = Counting()
    monkeypatch.setattr(encoded_inputs, "BLOCK_VALUES", 24)
    found = EncodedInputs(VALUES, encoder, (2, 3))[:]
    np.testing.assert_array_equal(found, EXPECTED)
    assert encoder.calls == [4, 4, 2]
    monkeypatch.setattr(encoded_inputs, "BLOCK_VALUES", 5)
    EncodedInputs(VALUES, encoder, (2, 3))[:2]
    assert encoder.calls[3:] == [1, 1]


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    """Shape and length are known without a sample."""
    encoder = Counting()
    inputs = EncodedInputs(VALUES, encoder, (2, 3))
    assert (inputs.shape, encoder.calls) == ((10, 2, 3), [])


def test_memory_is_the_result_and_a_block() -> None:
    """Some 120 MB of rate-encoded samples, with less than 60 MB besides."""
    from trainers.encodings.rate import RateEncoder

    values = np.full((3000, 100), 0.5, np.float32)
    inputs = EncodedInputs(values, RateEncoder(100, (0, 0, 0)), (100, 100))
    tracemalloc.start()
    try:
        found = inputs[:]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < found.nbytes + 60e6
