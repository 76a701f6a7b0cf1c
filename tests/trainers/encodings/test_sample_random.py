"""Random numbers by seed and sample: the published stream, uniform, and independent of company."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.encodings.sample_random import uniform

MASK = 2**64 - 1


def splitmix64(state: int) -> tuple[int, int]:
    """Next state and number, from the published C code (Vigna, splitmix64.c)."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return state, z ^ (z >> 31)


def by_hand(key: tuple[int, ...], row: int, count: int) -> list[float]:
    """The numbers of one sample, with Python's integers."""
    state = 0
    for part in key:
        state = (splitmix64(state)[1] + part) & MASK
    state = splitmix64((splitmix64(state)[1] + row - 0x9E3779B97F4A7C15) & MASK)[1]
    numbers = []
    for _ in range(count):
        state, word = splitmix64(state)
        numbers.append((word >> 40) / 2**24)
    return numbers


def test_the_generator_is_the_published_one() -> None:
    """The first numbers for seed 1234567 that implementations of SplitMix64 agree on."""
    state, first = splitmix64(1234567)
    assert (first, splitmix64(state)[1]) == (6457827717110365317, 3203168211198807973)


@given(
    key=st.tuples(*[st.integers(0, MASK)] * 3),
    rows=st.lists(st.integers(0, 2**40), min_size=1, max_size=4),
    count=st.integers(1, 5),
)
def test_numbers_are_those_of_exact_integers(
    key: tuple[int, ...], rows: list[int], count: int
) -> None:
    """The vectorised words wrap modulo 2^64 as Python's integers say, without a warning."""
    found = uniform(key, np.array(rows), count)
    assert found.dtype == np.float32
    assert found.tolist() == [by_hand(key, row, count) for row in rows]


def test_a_sample_draws_the_same_in_any_company() -> None:
    """Alone, in another order, or among all."""
    rows = np.arange(50)
    whole = uniform((3, 1, 0), rows, 7)
    np.testing.assert_array_equal(uniform((3, 1, 0), rows[::-1], 7)[::-1], whole)
    np.testing.assert_array_equal(uniform((3, 1, 0), np.array([31]), 7), whole[31:32])


@pytest.mark.parametrize("other", [(4, 1, 0), (3, 2, 0), (3, 1, 1), (1, 3, 0)])
def test_another_key_draws_other_numbers(other: tuple[int, ...]) -> None:
    """Seed, split and epoch count, each in its place; no number in a hundred is the same."""
    rows = np.arange(40)
    same = uniform((3, 1, 0), rows, 20) == uniform(other, rows, 20)
    assert same.mean() < 0.01


def test_numbers_are_uniform_and_uncorrelated() -> None:
    """Mean 1/2, variance 1/12 and correlations 0 within five standard errors."""
    numbers = uniform((0, 0, 0), np.arange(2000), 100).astype(np.float64)
    size = numbers.size
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 1 / 2) < 5 * (1 / 12 / size) ** 0.5
    assert abs(numbers.var() - 1 / 12) < 5 * (1 / 180 / size) ** 0.5
    around = numbers - 0.5
    for one, other in ((around[:-1], around[1:]), (around[:, :-1], around[:, 1:])):
        assert abs((one * other).mean() * 12) < 5 / size**0.5
