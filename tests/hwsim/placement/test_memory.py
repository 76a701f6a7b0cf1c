"""Bits of synapse lists against the worked examples and a count chunk by chunk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.placement.memory import bits_per_axon, index_width, weight_width
from tests.placement_oracle import bits_of_list, weight_bits

WIDTHS = (1, 2, 3, 4, 5, 6, 8)


@pytest.mark.parametrize(
    ("targets", "sparse", "dense", "sparse_axons", "dense_axons"),
    [(256, 4352, 2304, 240, 455), (128, 2048, 1152, 512, 910)],
)
def test_worked_examples_of_the_reference(
    targets: int, sparse: int, dense: int, sparse_axons: int, dense_axons: int
) -> None:
    """8-bit weights: bits per axon, and how many such axons a Loihi 1 core holds."""
    with_index = int(bits_per_axon(targets, 8, index_bits=index_width(targets)))
    assert (with_index, int(bits_per_axon(targets, 8))) == (sparse, dense)
    assert ((1 << 20) // with_index, (1 << 20) // dense) == (sparse_axons, dense_axons)


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=5),
    st.integers(1, 9),
    st.sampled_from([0, 6]),
    st.integers(0, 10),
)
def test_lists_are_counted_chunk_by_chunk(
    synapses: list[int], weight: int, delay: int, index: int
) -> None:
    found = bits_per_axon(np.array(synapses), weight, delay, index)
    assert found.tolist() == [bits_of_list(n, weight + delay + index) for n in synapses]


@pytest.mark.parametrize(
    ("weights", "width"),
    [
        ([0, 0], 1),
        ([0, 1], 1),
        ([0, 64], 1),
        ([3, 1], 2),
        ([-3, -1], 2),
        ([-2, 1], 2),
        ([-2, 2], 2),
        ([-3, 1], 3),
        ([-33, 31], 8),
        ([65, 1], 8),
        ([-256, 254], 8),
        ([-256, 255], 9),
        ([257, 1], 9),
    ],
)
def test_width_leaves_out_the_common_power_of_two(weights: list[int], width: int) -> None:
    """Both signs take one bit of it; -2 and 1 are one bit and a sign; 7 bits take 8."""
    assert weight_width(np.array(weights), WIDTHS) == width


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=6), st.sampled_from([1, 2, 8]))
def test_width_equals_trying_one_after_another(weights: list[int], step: int) -> None:
    scaled = [weight * step for weight in weights]
    assert weight_width(np.array(scaled), WIDTHS) == weight_bits(scaled, WIDTHS)


@pytest.mark.parametrize(
    ("targets", "bits"), [(1, 0), (2, 6), (64, 6), (65, 7), (256, 8), (257, 9)]
)
def test_index_tells_targets_apart(targets: int, bits: int) -> None:
    assert index_width(targets) == bits
