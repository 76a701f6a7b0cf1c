"""The integers that weights of 2 to 8 bits can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.dense_rule import effective_matrices, lava_weights
from export.errors import LimitExceeded
from export.quantizing.weight_grid import WeightGrid, weight_grids

GRIDS = [grid for bits in range(2, 9) for grid in weight_grids(bits)]
grids = st.sampled_from(GRIDS)
values = st.lists(st.floats(-400, 400), min_size=1, max_size=12)


def every_weight(grid: WeightGrid) -> list[int]:
    """All weights of a grid, from its definition: 2^b multiples, as many negative as not."""
    step = 2 ** (9 - grid.bits - grid.exponent)
    return [step * k for k in range(-(2 ** (grid.bits - 1)), 2 ** (grid.bits - 1))]


def test_the_widest_grids_are_the_chips() -> None:
    """8 bits are even in [-256, 254], 4 bits multiples of 32 in [-256, 224], 2 bits four values."""
    assert every_weight(WeightGrid(8)) == list(range(-256, 256, 2))
    assert every_weight(WeightGrid(4)) == list(range(-256, 256, 32))
    assert every_weight(WeightGrid(2)) == [-256, -128, 0, 128]
    assert [grid.step for grid in weight_grids(4)] == [32, 16, 8, 4, 2]
    assert weight_grids(8) == (WeightGrid(8, 0),)
    for grid in GRIDS:
        assert (grid.lowest, grid.highest) == (every_weight(grid)[0], every_weight(grid)[-1])


@settings(max_examples=300, deadline=None)
@given(grid=grids, values=values)
def test_a_value_becomes_the_nearest_weight(grid: WeightGrid, values: list[float]) -> None:
    """No weight of the grid is nearer, and what lies more than half a step outside is counted."""
    array, weights = np.array(values), np.array(every_weight(grid))
    found = grid.nearest(array)
    assert set(found.tolist()) <= set(weights.tolist())
    nearest = np.abs(array[:, None] - weights[None]).min(axis=1)
    np.testing.assert_array_equal(np.abs(array - found), nearest)
    outside = (array > weights[-1] + grid.step / 2) | (array < weights[0] - grid.step / 2)
    on_a_tie = np.isin(array, (weights[-1] + grid.step / 2, weights[0] - grid.step / 2))
    assert outside.sum() <= grid.beyond(array) <= (outside | on_a_tie).sum()


@settings(max_examples=400, deadline=None)
@given(grid=grids, data=st.data())
def test_what_survives_is_what_lava_keeps(grid: WeightGrid, data: st.DataObject) -> None:
    """Against Lava's own rule for dense matrices, on every grid and for any signs."""
    weights = every_weight(grid)
    inside = st.integers(data.draw(st.sampled_from([weights[0], 0])), weights[-1])
    drawn = data.draw(st.lists(inside, min_size=2, max_size=6))
    if data.draw(st.booleans()):
        drawn = [-abs(value) for value in drawn]
    matrix = grid.nearest(np.array([drawn], dtype=np.float64))
    try:
        kept = bool((effective_matrices((matrix,), "w")[0] == matrix).all())
    except LimitExceeded:
        kept = False
    assert grid.survives(min(drawn), max(drawn)) == kept


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_lava_stores_that_many_bits(grid: WeightGrid) -> None:
    """A matrix that uses the whole grid: Lava shifts it to 8 bits, of which the last are zero."""
    matrix = np.array([every_weight(grid)])
    (stored,) = lava_weights((matrix,), "w")
    assert stored.shift == grid.exponent
    distances = np.diff(np.unique(stored.stored))
    assert set(distances.tolist()) == {2 ** (9 - grid.bits)}
    np.testing.assert_array_equal(stored.whole, matrix)


@pytest.mark.parametrize("bits", [1, 9, 0])
def test_other_bits_are_refused(bits: int) -> None:
    """The chip has 2 to 8 of them, for weights of both signs."""
    with pytest.raises(LimitExceeded, match=f"weight_bits is {bits}, .* 2 to 8 bits"):
        weight_grids(bits)
