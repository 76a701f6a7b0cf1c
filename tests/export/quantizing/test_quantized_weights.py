"""Rounded weights: the grid with the smallest error, and counts of what was clipped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.dense_rule import effective_matrices
from export.errors import LimitExceeded
from export.quantizing.quantized_weights import quantized


def lava_keeps(matrix: np.ndarray) -> bool:
    """Whether Lava multiplies with these very weights."""
    try:
        return bool((effective_matrices((matrix,), "w")[0] == matrix).all())
    except LimitExceeded:
        return False


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.integers(2, 8),
    # A quarter off, since the largest weight would otherwise lie between two multiples too often.
    reach=st.integers(8, 2000).map(lambda whole: whole + 0.25),
    sign=st.sampled_from([0, 1, -1]),
)
def test_no_grid_comes_nearer(seed: int, bits: int, reach: float, sign: int) -> None:
    """Tried by hand: every step from 2 up, each weight to the nearest multiple in range."""
    weight = np.random.default_rng(seed).normal(size=(3, 5))
    if sign:
        weight = sign * np.abs(weight)
    scale = reach / np.abs(weight).max()
    ways = []
    for step in [2**k for k in range(1, 10 - bits)]:
        grid = step * np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
        nearest = grid[np.abs(weight[..., None] * scale - grid).argmin(axis=-1)]
        ways.append((float(np.square(weight - nearest / scale).sum()), nearest))
    kept = [way for way in ways if lava_keeps(way[1])] or ways
    found = quantized(weight, np.zeros(3), scale, bits)
    error = float(np.square(weight - found.weight / scale).sum())
    assert error == pytest.approx(min(way[0] for way in kept), rel=1e-9, abs=1e-24)
    assert lava_keeps(found.weight) or not any(lava_keeps(way[1]) for way in ways)
    ends = (found.grid.lowest, found.grid.highest)
    assert found.clipped <= np.isin(found.weight, ends).sum()
    beyond = np.abs(weight * scale - found.weight) > found.grid.step / 2 * (1 + 1e-9)
    assert found.clipped == beyond.sum()
