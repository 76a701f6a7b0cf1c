"""Scale searches against brute force: every mantissa of the threshold tried, one by one."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.errors import UnsupportedLayer
from export.quantizing.room import HiddenRoom
from export.quantizing.scale_searches import SCALE_SEARCHES
from trainers.export_tables import ExportTable

FloatArray = NDArray[np.float64]


def drawn(seed: int, heavy: bool, size: int = 600) -> FloatArray:
    """Normal weights, or some with a heavy tail, as one long row per output."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_t(3, size=(4, size // 4)) if heavy else rng.normal(size=(4, size // 4))
    return np.asarray(weight * rng.uniform(0.01, 3))


def room(*weights: FloatArray, bits: int, threshold: float = 40.0) -> HiddenRoom:
    """A population that only its weights limit."""
    return HiddenRoom("l", weights, np.zeros(4), bits, threshold=threshold)


def error_by_hand(weight: FloatArray, scale: float, bits: int) -> float:
    """Squared error on the best of the chip's grids, each weight looked up in a list."""
    errors = []
    for step in [2**k for k in range(1, 10 - bits)]:
        grid = step * np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
        nearest = grid[np.abs(weight[..., None] * scale - grid).argmin(axis=-1)]
        errors.append(float(np.square(weight - nearest / scale).sum()))
    return min(errors)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.sampled_from([2, 3, 4, 6]),
    heavy=st.booleans(),
    parts=st.integers(1, 2),
)
def test_squared_error_is_near_the_best_of_all_scales(
    seed: int, bits: int, heavy: bool, parts: int
) -> None:
    """Its steps of 4 % cost at most a tenth of the error; it never loses to max-abs."""
    weights = tuple(drawn(seed + k, heavy, 240) for k in range(parts))
    layer = room(*weights, bits=bits)

    def error(scale: float) -> float:
        return sum(error_by_hand(weight, scale, bits) for weight in weights)

    found = SCALE_SEARCHES["squared-error"].choose(layer)
    assert layer.squared_error(found) == pytest.approx(error(found))
    span = np.geomspace(layer.unclipped / 2, layer.unclipped * 16, 80)
    best = min(error(round(scale * 40) / 40) for scale in span)
    assert error(found) <= 1.1 * best
    assert error(found) <= error(SCALE_SEARCHES["max-abs"].choose(layer)) * (1 + 1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(2, 8), heavy=st.booleans())
@example(seed=1_003_849_208, bits=2, heavy=False)
def test_percentile_clips_a_thousandth(seed: int, bits: int, heavy: bool) -> None:
    """On the widest grid the fourth largest of 4,000 is, the sixth isn't.

    Negative weights may be twice as large at two bits: where the scale clips nothing, more fit.
    """
    weight = drawn(seed, heavy, 4000)
    weight /= weight.std()
    layer = room(weight, bits=bits)
    scale = SCALE_SEARCHES["percentile"].choose(layer)
    highest = 256 - 2 ** (9 - bits)
    largest = np.sort(np.abs(weight).ravel())
    assert scale <= max(highest / largest[-6], layer.unclipped) * (1 + 1e-9)
    assert largest[-4] * scale >= highest * 0.99 * (1 - 1 / 40 / scale)


def test_percentile_never_clips_less_than_it_must() -> None:
    """Few weights: nothing is clipped, and the scale is the largest that clips none."""
    weight = np.array([[1.0, -0.5, 0.25, -0.125]])
    layer = HiddenRoom("l", (weight,), np.zeros(1), 8, threshold=1000.0)
    found = SCALE_SEARCHES["percentile"].choose(layer)
    assert SCALE_SEARCHES["max-abs"].choose(layer) <= found < 1.01 * layer.unclipped
    sparse = np.zeros((1, 5000))
    sparse[0, :2] = (1.0, -1.0)
    layer = HiddenRoom("l", (sparse,), np.zeros(1), 8, threshold=1000.0)
    assert SCALE_SEARCHES["percentile"].choose(layer) == SCALE_SEARCHES["max-abs"].choose(layer)


def test_spike_disagreement_needs_spikes() -> None:
    """A population on its own has none to compare with; it is named."""
    with pytest.raises(UnsupportedLayer, match="'l': scale search spike-disagreement needs"):
        SCALE_SEARCHES["spike-disagreement"].choose(room(drawn(0, False), bits=4))


def test_spike_disagreement_takes_the_smallest_difference() -> None:
    """Among scales up to an octave either way of squared-error's; a tie goes to its error."""
    weight = drawn(3, False)
    plain = room(weight, bits=3)
    middle = SCALE_SEARCHES["squared-error"].choose(plain)
    tried: list[float] = []

    def difference(scale: float) -> float:
        tried.append(scale)
        return abs(scale - 1.3 * middle)

    layer = HiddenRoom("l", (weight,), np.zeros(4), 3, difference, threshold=40.0)
    found = SCALE_SEARCHES["spike-disagreement"].choose(layer)
    assert found == min(tried, key=lambda scale: abs(scale - 1.3 * middle))
    assert found == pytest.approx(1.3 * middle, rel=0.05)
    assert min(tried) == pytest.approx(middle / 2, rel=0.01)
    assert max(tried) == pytest.approx(middle * 2, rel=0.01)
    flat = HiddenRoom("l", (weight,), np.zeros(4), 3, lambda scale: 7.0, threshold=40.0)
    assert SCALE_SEARCHES["spike-disagreement"].choose(flat) == middle


def test_recipes_know_every_search() -> None:
    """The table of searches and the word in [export] are the same list."""
    for name in SCALE_SEARCHES:
        assert ExportTable.model_validate({"scale_search": name}).scale_search == name
    words = ExportTable.model_json_schema()["properties"]["scale_search"]["enum"]
    assert list(SCALE_SEARCHES) == words
