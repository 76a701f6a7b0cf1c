"""Which dense matrices Lava keeps, against its own steps written out once more."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.chip.dense_rule import effective_dense
from export.chip.graph import IntArray
from export.errors import LimitExceeded

FloatArray = NDArray[np.float64]


def lava_multiplies_with(weight: IntArray) -> FloatArray | None:
    """netx's choice of exponent and sign mode, then the emulator's clipping and truncation.

    None for the matrix that netx can't build.
    """
    highest, lowest = int(weight.max()), int(weight.min())
    if (highest > 254 and lowest < 0) or (lowest < -256 and highest > 0):
        weight = np.clip(weight, -256, 254)
        highest, lowest = int(weight.max()), int(weight.min())
    if highest == 0 == lowest:
        return None
    signed = lowest < 0 <= highest
    if signed:
        scale = min(127 / highest if highest else math.inf, -128 / lowest)
    else:
        scale = -256 / lowest if highest < 0 else 255 / highest
    shift = math.floor(math.log2(scale)) + signed
    divisible = next(n for n in range(8, -1, -1) if not (weight % 2**n).any())
    bits = 8 - shift - (divisible - signed)
    # As in netx, numpy is asked for this shift also where it is negative, and answers 0.
    scaled = np.left_shift(weight.astype(np.int32), shift).astype(np.int64)
    positive, negative = (scaled >= 0).all(), (scaled <= 0).all()
    mixed = not positive and not negative
    turned = -scaled if negative and not positive else scaled
    kept = np.clip(turned, -256 * mixed, 255)
    drop = 8 - bits + mixed
    kept = (kept >> drop) << drop if drop > 0 else kept
    back = -kept if negative and not positive else kept
    # Lava shifts the sum over all spikes, so a weight with a fraction isn't a rounded one.
    result: FloatArray = back / 2.0**shift
    return result


def judged(weight: IntArray) -> IntArray | None:
    """Our answer, None for a refusal."""
    try:
        return effective_dense(weight, "layer")
    except LimitExceeded:
        return None


@pytest.mark.parametrize("third", [None, 0, 2, -3])
def test_every_pair_of_extremes(third: int | None) -> None:
    """What is accepted is what Lava multiplies with; what is refused, Lava would have ruined."""
    refused = 0
    for lowest in range(-262, 263, 2 if third is None else 3):
        for highest in range(lowest, 263, 3 if third is None else 5):
            values = [lowest, highest, *(() if third is None else (third,))]
            weight = np.array([sorted(values)])
            kept, truth = judged(weight), lava_multiplies_with(weight)
            if kept is None:
                refused += 1
                assert truth is None or not np.array_equal(truth, weight), weight
            else:
                assert truth is not None
                assert np.array_equal(kept, truth), weight
    assert refused > 0


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(-300, 300), st.integers(1, 600), st.integers(0, 4))
def test_random_matrices(seed: int, lowest: int, span: int, even: int) -> None:
    """Whole matrices of any range and divisibility."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(lowest, lowest + span, (4, 7)) >> even << even
    kept = judged(weight)
    if kept is not None:
        truth = lava_multiplies_with(weight)
        assert truth is not None
        assert np.array_equal(kept, truth)
