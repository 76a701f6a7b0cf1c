"""One case for each limit that can break: which population, by how much, what would help."""

from collections.abc import Sequence

import numpy as np
import pytest

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Projection,
)
from hwsim.chips.chip import Chip
from hwsim.placement.grid import Grid
from hwsim.placement.place import place, placed
from hwsim.placement.placement import Excess
from tests.cost_example import population
from tests.placement_networks import LOIHI1, small_chip


def only(excesses: Sequence[Excess]) -> Excess:
    (excess,) = excesses
    return excess


def ones(targets: int, sources: int) -> IntArray:
    return np.ones((targets, sources), dtype=np.int64)


def two(first: int, second: int, *projections: Projection) -> ChipGraph:
    return ChipGraph(
        ChipInput("a", "bias", (first,)),
        (population("a", (first,)), population("b", (second,))),
        projections or (DenseProjection("a", "b", ones(second, first)),),
    )


def test_one_neuron_with_5000_inputs() -> None:
    """904 more than a core takes, however it is cut."""
    excess = only(place(two(5000, 10), LOIHI1).excesses)
    assert (excess.limit, excess.used, excess.allowed) == ("input axons of 'b'", 5000, 4096)
    assert excess.over == 904
    assert "'a' takes 5000" in excess.advice
    assert "sparser weights" in excess.advice


def test_finest_cut_says_that_more_parts_dont_help() -> None:
    excess = only(place(two(5000, 1), LOIHI1).excesses)
    assert "One neuron alone" in excess.advice


def test_synaptic_memory_of_one_neuron() -> None:
    """100 axons of one word, and room for 50 words."""
    chip = small_chip(synaptic_memory_bits_per_core=3200)
    excess = only(place(two(100, 1), chip).excesses)
    assert (excess.limit, excess.over) == ("synaptic memory bits of 'b'", 3200)
    assert "fewer weight bits" in excess.advice


def test_synaptic_memory_of_a_given_cut() -> None:
    """200 synapses of one bit: three chunks of 74 bits, two words each, and one of a word."""
    chip = small_chip(synaptic_memory_bits_per_core=100 * 64)
    graph = two(100, 200)
    excess = only(placed(graph, chip, {"a": whole(100), "b": whole(200)}).excesses)
    assert (excess.limit, excess.used) == ("synaptic memory bits of 'b'", 100 * 7 * 64)
    assert "Cut it into more parts" in excess.advice
    assert place(graph, chip).fits


def test_output_axons_of_one_neuron() -> None:
    """One neuron heard on five cores of b, and four output axons."""
    chip = small_chip(output_axons_per_core=4, neurons_per_core=2)
    excess = only(place(two(1, 10), chip).excesses)
    assert (excess.limit, excess.used, excess.allowed) == ("output axons of 'a'", 5, 4)
    assert "'b' on 5 cores" in excess.advice


@pytest.mark.parametrize(("bias", "over"), [(4095, 0), (-4096, 1)])
def test_bias_beyond_the_mantissa(bias: int, over: int) -> None:
    """Loihi 1 holds 12 bits and a sign: 4095 fits, -4096 doesn't."""
    graph = ChipGraph(ChipInput("x", "spikes", (1,)), (population("b", (3,), bias=bias),), ())
    found = place(graph, LOIHI1).excesses
    assert [(e.limit, e.over) for e in found] == [("bias mantissa of 'b'", 1)][:over]


def test_weights_of_more_bits_than_can_be_encoded() -> None:
    """257 takes nine bits; 514 and 2 are 257 and 1 with a power of two."""
    weights = np.array([[514, 2]])
    excess = only(place(two(2, 1, DenseProjection("a", "b", weights)), LOIHI1).excesses)
    assert excess.limit == "weight bits of projection 'a' -> 'b'"
    assert (excess.used, excess.allowed) == (9, 8)


def test_delay_of_more_bits_than_there_are() -> None:
    delayed = DenseProjection("a", "b", ones(1, 1), np.array([[64]]))
    excess = only(place(two(1, 1, delayed), LOIHI1).excesses)
    assert (excess.limit, excess.used, excess.allowed) == (
        "delay of projection 'a' -> 'b'",
        64,
        63,
    )


def test_convolution_whose_kernel_is_too_wide() -> None:
    """7 x 7 pixels onto one neuron and 48 axons: a smaller kernel would help."""
    graph = ChipGraph(
        ChipInput("x", "spikes", (1, 7, 7)),
        (population("b", (1, 1, 1)),),
        (ConvProjection("x", "b", np.ones((1, 1, 7, 7), dtype=np.int64)),),
    )
    excess = only(place(graph, chip_of(input_axons=48)).excesses)
    assert (excess.limit, excess.over) == ("input axons of 'b'", 1)
    assert "smaller kernel" in excess.advice


def whole(neurons: int) -> Grid:
    return Grid.even((neurons,), (1,))


def chip_of(input_axons: int) -> Chip:
    return small_chip(input_axons_per_core=input_axons)
