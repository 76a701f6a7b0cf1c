"""Weights as bytes: whatever the integers, the planes add up to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from export.chip.graph import IntArray
from export.onnx.chip.weight_planes import Plane, planes_of
from tests.random_chip_graphs import integers


def total(planes: tuple[Plane, ...]) -> IntArray:
    """The weights the planes stand for."""
    return sum(
        (p.factor * (p.stored.astype(np.int64) - p.zero_point) for p in planes),
        start=np.zeros(planes[0].stored.shape, dtype=np.int64),
    )


@given(
    st.sampled_from([1, 255, 256, 70000, 2**31 - 1]).flatmap(
        lambda limit: arrays.arrays(np.int64, (3, 4), elements=st.integers(-limit, limit))
    )
)
def test_planes_add_up(weight: IntArray) -> None:
    """Of any size and sign; each plane is unsigned bytes with an offset that is a byte."""
    planes = planes_of(weight)
    assert np.array_equal(total(planes), weight)
    assert all(p.stored.dtype == np.uint8 and 0 <= p.zero_point <= 255 for p in planes)


@pytest.mark.parametrize(
    ("values", "planes"),
    [
        ([-256, 254, 2, 0], 1),  # what quantising gives: even
        ([-100, 155], 1),
        ([0, 255, 3], 1),
        ([-255, 0, -3], 1),
        ([0, 0], 1),
        ([-256, 255], 2),
        ([-128, 129], 2),
        ([300, 301], 2),
        ([2**31 - 1, 0], 1),
        ([2**24 + 1, 2**16, 0], 3),
    ],
)
def test_no_more_planes_than_needed(values: list[int], planes: int) -> None:
    """The chip's own even weights take one product, like any range of 256 values around 0."""
    found = planes_of(integers(values))
    assert len(found) == planes
    assert total(found).tolist() == values
