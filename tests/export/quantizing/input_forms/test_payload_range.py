"""Ranges of payloads: bits, signs, and the one that loses nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.errors import LimitExceeded
from export.quantizing.input_forms.payload_range import lossless_payload, payload_ranges


def test_ranges_run_from_most_bits_to_one() -> None:
    """Unsigned: 2^b - 1 stands for the largest value."""
    samples = np.random.default_rng(0).random((40, 30)) * 2
    found = list(payload_ranges("l", samples, 4))
    assert [(r.bits, r.lowest, r.highest) for r in found] == [
        (4, 0, 15), (3, 0, 7), (2, 0, 3), (1, 0, 1),
    ]  # fmt: skip
    assert [r.scale * samples.max() for r in found] == pytest.approx([15, 7, 3, 1])


def test_a_sign_takes_a_bit() -> None:
    """Symmetric ranges where a sample is negative, whichever end is farther."""
    samples = np.random.default_rng(0).normal(size=(40, 30)) - 1
    found = list(payload_ranges("l", samples, 4))
    assert [(r.bits, r.lowest, r.highest) for r in found] == [(4, -7, 7), (3, -3, 3), (2, -1, 1)]
    assert found[0].scale == pytest.approx(7 / -samples.min())


@given(
    levels=st.integers(1, 255),
    step=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_multiples_of_one_step_lose_nothing(levels: int, step: float, seed: int) -> None:
    """In float32, as data sets are kept: every payload is the multiple itself."""
    drawn = np.random.default_rng(seed).integers(0, levels + 1, size=(50, 20))
    drawn[0, :2] = levels, 1
    samples = (drawn * step).astype(np.float32)
    first = next(iter(payload_ranges("l", samples, 8)))
    assert (first.highest, first.bits) == (levels, levels.bit_length())
    np.testing.assert_array_equal(first.payloads(samples), drawn)


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(0).random((40, 30)),
        np.array([[0.0, 2.0, 5.0]]),
        np.array([[0.0, 1.0, 256.0]]),
    ],
    ids=["real numbers", "2 and 5 have the step 1, which isn't there", "too many steps"],
)
def test_no_lossless_range(samples: np.ndarray) -> None:
    """Then only whole numbers of bits are tried."""
    assert lossless_payload(samples, float(samples.max()), 255) is None
    assert [r.highest for r in payload_ranges("l", samples, 3)] == [7, 3, 1]


def test_what_has_no_range_is_refused() -> None:
    """Inputs that are all 0, and a sign without a bit for the value."""
    with pytest.raises(LimitExceeded, match="layer 'l', graded input: the calibration inputs are"):
        next(iter(payload_ranges("l", np.zeros((3, 4)), 8)))
    with pytest.raises(LimitExceeded, match=r"1 bit holds a sign alone.*payload_bits to 2"):
        next(iter(payload_ranges("l", -np.ones((3, 4)), 1)))
