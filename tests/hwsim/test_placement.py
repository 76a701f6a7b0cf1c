"""Placement: cores per population, tiles, and which limit breaks by how much."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput
from hwsim.chip import load_chip
from hwsim.placement import place
from tests.cost_example import population, relay_graph

LOIHI1 = load_chip("loihi1")


def one_population(neurons: int, bias: int = 0) -> ChipGraph:
    """A network of one population fed by spikes from outside."""
    only = population("only", (neurons,), bias=bias)
    return ChipGraph(ChipInput("input", "spikes", (1,)), (only,), ())


@pytest.mark.parametrize(
    ("neurons", "cores"), [(1, 1), (1024, 1), (1025, 2), (2048, 2), (131072, 128)]
)
def test_population_takes_as_few_cores_as_its_neurons_need(neurons: int, cores: int) -> None:
    """ceil(neurons / 1024) on Loihi 1."""
    placement = place(one_population(neurons), LOIHI1)
    assert placement.cores.tolist() == [cores]
    assert placement.cores_used == cores
    assert placement.fits


def test_cores_fill_tiles_in_order() -> None:
    """Populations of 2, 3 and 1 cores: the fifth core opens the second tile."""
    placement = place(relay_graph(), LOIHI1)
    assert placement.cores.tolist() == [2, 3, 1]
    assert placement.first_core.tolist() == [0, 2, 5]
    assert placement.core_tile.tolist() == [0, 0, 0, 0, 1, 1]
    assert placement.tiles_used == 2
    assert placement.cores_of(1).tolist() == [2, 3, 4]


def test_tiles_lie_in_rows_of_eight() -> None:
    """Tile 8 starts the second row of Loihi 1's 8 x 4 mesh."""
    placement = place(one_population(36 * 1024), LOIHI1)
    assert placement.core_column[[0, 31, 32, 35]].tolist() == [0, 7, 0, 0]
    assert placement.core_row[[0, 31, 32, 35]].tolist() == [0, 0, 1, 1]


def test_too_many_neurons_say_by_how_many_cores() -> None:
    """130 cores on a chip of 128: two over, and still placed so that the cost can be told."""
    placement = place(one_population(130 * 1024), LOIHI1)
    (excess,) = placement.excesses
    assert (excess.limit, excess.used, excess.allowed, excess.over) == ("cores", 130, 128, 2)
    assert not placement.fits
    assert placement.cores_used == 130


def test_bias_beyond_the_mantissa_is_named() -> None:
    """Loihi 1 holds 12 bits and a sign: 4095 fits, -4096 doesn't."""
    assert place(one_population(3, bias=4095), LOIHI1).fits
    (excess,) = place(one_population(3, bias=-4096), LOIHI1).excesses
    assert (excess.limit, excess.over) == ("bias mantissa of 'only'", 1)


def test_larger_cores_take_more_neurons() -> None:
    """The same network needs fewer cores where a core holds 8192."""
    graph = relay_graph()
    assert place(graph, load_chip("loihi2")).cores.tolist() == [1, 1, 1]
    wider = replace(graph, populations=(*graph.populations, population("more", (8193,))))
    assert place(wider, load_chip("loihi2")).cores.tolist() == [1, 1, 1, 2]
    assert np.array_equal(place(wider, LOIHI1).cores, [2, 3, 1, 9])
