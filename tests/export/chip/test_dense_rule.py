"""What Lava makes of dense matrices, against its own steps in Python's integers and fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.dense_rule import effective_matrices, lava_weights
from export.chip.graph import IntArray
from export.errors import LimitExceeded

Matrix = list[list[int]]


def exponent(scale: Fraction) -> int:
    """The largest k with 2^k <= scale."""
    k = 0
    while Fraction(2) ** (k + 1) <= scale:
        k += 1
    while Fraction(2) ** k > scale:
        k -= 1
    return k


def shifted(value: int, bits: int) -> int:
    """As numpy shifts 32-bit integers to the left; a negative number of bits makes 0."""
    return value << bits if bits >= 0 else 0


def lava_multiplies_with(*matrices: Matrix) -> list[list[list[Fraction]]] | None:
    """netx's exponent and bits from all matrices, then the emulator's clipping of each.

    None for what netx can't build.
    """
    joint = [w for matrix in matrices for row in matrix for w in row]
    highest, lowest = max(joint), min(joint)
    low, high = -math.inf, math.inf
    if (highest > 254 and lowest < 0) or (lowest < -256 and highest > 0):
        low, high = -256, 254
        joint = [int(min(max(w, low), high)) for w in joint]
        highest, lowest = max(joint), min(joint)
    if highest == lowest == 0:
        return None
    mixed = lowest < 0 <= highest
    if mixed:
        rising = Fraction(127, highest) if highest else Fraction(10**12)
        scale = min(rising, Fraction(-128, lowest))
    else:
        scale = Fraction(-256, lowest) if highest < 0 else Fraction(255, highest)
    shift = exponent(scale) + mixed
    divisible = next(n for n in range(8, -1, -1) if all(w % 2**n == 0 for w in joint))
    bits = 8 - shift - (divisible - mixed)
    result = []
    for matrix in matrices:
        scaled = [[shifted(int(min(max(w, low), high)), shift) for w in row] for row in matrix]
        values = [w for row in scaled for w in row]
        sign = -1 if min(values) < 0 and max(values) <= 0 else 1
        own = int(min(values) < 0 < max(values))
        drop = 8 - bits + own
        kept = [[truncated(sign * w, own, drop) for w in row] for row in scaled]
        result.append([[Fraction(sign * w) / Fraction(2) ** shift for w in row] for row in kept])
    return result


def truncated(weight: int, mixed: int, drop: int) -> int:
    """Clipped to 8 bits, and the last bits dropped."""
    clipped = min(max(weight, -256 * mixed), 255)
    return (clipped >> drop) << drop if drop >= 0 else 0


def check(*matrices: IntArray) -> str:
    """Holds both answers side by side; says which case it was."""
    truth = lava_multiplies_with(*(matrix.tolist() for matrix in matrices))
    if truth is None:
        with pytest.raises(LimitExceeded, match="every dense weight is 0"):
            lava_weights(matrices, "layer")
        return "empty"
    made = lava_weights(matrices, "layer")
    for ours, theirs in zip(made, truth, strict=True):
        assert [[Fraction(w, 2**ours.shift) for w in row] for row in ours.stored.tolist()] == theirs
        assert [[math.floor(w) for w in row] for row in theirs] == ours.whole.tolist()
        whole = [[int(w.denominator == 1) for w in row] for row in theirs]
        assert whole == (ours.halved == 0).astype(int).tolist()
    mixed = min(m.min() for m in matrices) < 0 < max(m.max() for m in matrices)
    kept = tuple(np.clip(m, -256, 254) if mixed else m for m in matrices)
    expected = all(
        np.array_equal(np.array(theirs, dtype=object), wanted.astype(object))
        for theirs, wanted in zip(truth, kept, strict=True)
    )
    if expected:
        for found, wanted in zip(effective_matrices(matrices, "layer"), kept, strict=True):
            assert np.array_equal(found, wanted)
        return "exact"
    with pytest.raises(LimitExceeded, match="in Lava"):
        effective_matrices(matrices, "layer")
    return "halved" if any(m.halved.any() for m in made) else "changed"


@pytest.mark.parametrize("third", [None, 0, 2, -3])
def test_every_pair_of_extremes(third: int | None) -> None:
    """Both ends of the range and what lies beyond, alone or with a third weight."""
    seen = set()
    for lowest in (*range(-262, 263, 7), -256, -128, -64, -4, -2, -1, 0, 254, 255, 256):
        for highest in (*range(lowest, 263, 5), 0, 254, 255):
            values = sorted([lowest, highest, *(() if third is None else (third,))])
            seen.add(check(np.array([values])))
    assert seen >= {"exact", "changed"}


@st.composite
def matrices(draw: st.DrawFn) -> tuple[IntArray, ...]:
    """Whole matrices of any range, sign and divisibility; sometimes a recurrent one beside it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    made = []
    for columns in draw(st.sampled_from([(7,), (5, 4)])):
        lowest = draw(st.integers(-300, 300))
        span = draw(st.integers(1, 600))
        weight = rng.integers(lowest, lowest + span, (4, columns))
        even = draw(st.integers(0, 4))
        made.append(np.asarray(np.minimum(weight, draw(st.sampled_from([0, 999]))) >> even << even))
    return tuple(made)


@settings(deadline=None, max_examples=400)
@given(matrices())
def test_random_matrices(drawn: tuple[IntArray, ...]) -> None:
    """Stored weights, halves and refusals."""
    check(*drawn)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 8), st.integers(0, 2**32), st.integers(0, 4), st.booleans())
def test_smallest_weight_minus_a_power_of_two(power: int, seed: int, even: int, zero: bool) -> None:
    """The inhibitory matrices that Lava corrupts, with and without a zero."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-(2**power), zero, (3, 5)) >> even << even
    weight[rng.integers(3), rng.integers(5)] = -(2**power)
    check(np.asarray(np.maximum(weight, -(2**power))))


@pytest.mark.parametrize(
    ("weight", "made"),
    [
        ([[-128, 0, -64, -2]], [[-127, 0, -64, -2]]),
        ([[-128, -64, -32]], [[-96, -64, -32]]),
        ([[-128, -128]], [[0, 0]]),
        ([[-256, 0]], [[-128, 0]]),
        ([[-256, -1]], [[-255, -1]]),
        ([[-4, -3]], [[-3, -3]]),
        ([[-201, 0]], [[0, 0]]),
        ([[-200, 0]], [[-200, 0]]),
        ([[-300, 0]], [[0, 0]]),
        ([[256, 3]], [[0, 0]]),
        ([[999, -300, 7]], [[254, -256, 7]]),
    ],
)
def test_matrices_that_lava_was_seen_to_run(weight: Matrix, made: Matrix) -> None:
    """Sums that live Lava gave for single spikes."""
    (ours,) = lava_weights((np.array(weight),), "layer")
    assert ours.whole.tolist() == made
    assert not ours.halved.any()


def test_half_a_weight() -> None:
    """Live Lava adds both halves before it rounds: -128 twice is -255."""
    (ours,) = lava_weights((np.array([[-128, -128, 0, -3]]),), "layer")
    assert (ours.stored.sum(axis=1) >> ours.shift).tolist() == [-258]
    assert ours.halved.astype(bool).tolist() == [[True, True, False, False]]


def test_one_matrix() -> None:
    """A layer without recurrent weights."""
    weight = np.array([[300, -2], [4, 6]])
    (found,) = effective_matrices((weight,), "layer")
    assert found.tolist() == [[254, -2], [4, 6]]
