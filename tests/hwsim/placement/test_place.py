"""Placement: no limit breaks unsaid, cores and chips in order, grids that are given."""

import time
from typing import get_args

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.errors import ChipError
from hwsim.placement.excess import IN_WORDS
from hwsim.placement.grid import Grid
from hwsim.placement.place import place, placed
from hwsim.placement.placement import Objective
from tests.cost_example import population
from tests.placement_networks import LOIHI1, random_chip, random_network, small_chip
from tests.placement_oracle import uses_by_hand
from tests.random_chip_graphs import Chain


def one_population(neurons: int, bias: int = 0) -> ChipGraph:
    """A network of one population fed by spikes from outside."""
    only = population("only", (neurons,), bias=bias)
    return ChipGraph(ChipInput("input", "spikes", (1,)), (only,), ())


NETWORKS = [
    pytest.param(first, marks=[pytest.mark.slow] if first >= 100 else [])
    for first in range(0, 500, 50)
]


@pytest.mark.parametrize("first", NETWORKS)
def test_no_limit_breaks_unsaid_over_500_random_networks(first: int) -> None:
    """Counted synapse by synapse; what does break is what the excesses say, to the number."""
    fitting = cut = 0
    for seed in range(first, first + 50):
        graph, chip = random_network(seed), random_chip(np.random.default_rng(seed))
        placement = place(graph, chip)
        by_hand = uses_by_hand(graph, placement, chip)
        assert {use: each.tolist() for use, each in placement.uses.items()} == by_hand
        broken = set()
        for index, name in enumerate(placement.populations):
            for use, taken in by_hand.items():
                most = max(taken[placement.cores_of(index)])
                limit = getattr(chip.limits, f"{use}_per_core").value
                if most > limit:
                    broken.add((f"{IN_WORDS[use]} of '{name}'", most, limit))
        said = {
            (e.limit, e.used, e.allowed) for e in placement.excesses if "bits of p" not in e.limit
        }
        assert said == broken, seed
        fitting += placement.fits
        cut += placement.fits and placement.cores_used > len(placement.grids)
    assert fitting >= 20
    assert cut >= 10


@pytest.mark.parametrize(
    ("neurons", "cores"), [(1, 1), (1024, 1), (1025, 2), (2048, 2), (131072, 128)]
)
def test_population_takes_as_few_cores_as_its_neurons_need(neurons: int, cores: int) -> None:
    """ceil(neurons / 1024) on Loihi 1."""
    placement = place(one_population(neurons), LOIHI1)
    assert placement.cores.tolist() == [cores]
    assert placement.cores_used == cores
    assert placement.fits


def test_cores_of_a_population_follow_one_another() -> None:
    """Populations of 2, 3 and 1 cores, on tiles of four."""
    sizes = {"a": 1025, "b": 2049, "c": 10}
    graph = ChipGraph(
        ChipInput("a", "bias", (1025,)),
        tuple(population(name, (size,)) for name, size in sizes.items()),
        (),
    )
    placement = place(graph, LOIHI1)
    assert placement.cores.tolist() == [2, 3, 1]
    assert placement.first_core.tolist() == [0, 2, 5]
    assert placement.tile.tolist() == [0, 0, 0, 0, 1, 1]
    assert placement.cores_of(1) == slice(2, 5)
    assert placement.population_of.tolist() == [0, 0, 1, 1, 1, 2]


def test_too_many_cores_for_one_chip_take_another() -> None:
    """130 cores: 128 on the first chip and two on the second, beside it."""
    placement = place(one_population(130 * 1024), LOIHI1)
    assert placement.fits
    assert (placement.chips_used, placement.tiles_used) == (2, 33)
    assert placement.chip[[0, 127, 128, 129]].tolist() == [0, 0, 1, 1]
    assert placement.column[[127, 128]].tolist() == [7, 8]
    assert placement.row[[127, 128]].tolist() == [3, 0]


def test_too_few_chips_say_by_how_many_cores() -> None:
    """Placed all the same, so that the cost can be told."""
    placement = place(one_population(130 * 1024), LOIHI1, chips=1)
    (excess,) = placement.excesses
    assert (excess.limit, excess.used, excess.allowed, excess.over) == ("cores", 130, 128, 2)
    assert "Allow 2 chips" in excess.advice
    assert not placement.fits
    assert (placement.cores_used, placement.chips_used) == (130, 2)


def test_more_chips_than_exist_are_not_offered() -> None:
    """Two chips of four cores are all there are."""
    chip = small_chip(cores=4, chips=2, neurons_per_core=1)
    assert place(one_population(8), chip).fits
    (excess,) = place(one_population(9), chip, chips=100).excesses
    assert (excess.limit, excess.used, excess.allowed) == ("cores", 9, 8)
    assert "chips." not in excess.advice
    assert "'only' takes 9" in excess.advice


def test_given_grids_are_taken_as_they_are() -> None:
    graph = one_population(10)
    uneven = Grid((10,), ((0, 1, 10),))
    placement = placed(graph, LOIHI1, {"only": uneven}, objective="lowest-latency")
    assert placement.grids == (uneven,)
    assert placement.uses["neurons"].tolist() == [1, 9]
    assert placement.objective == "lowest-latency"


def test_given_grids_that_break_a_limit_are_reported() -> None:
    (excess,) = placed(one_population(1025), LOIHI1, {"only": Grid.even((1025,), (1,))}).excesses
    assert (excess.limit, excess.used, excess.allowed) == ("neurons of 'only'", 1025, 1024)


@pytest.mark.parametrize(
    ("grids", "message"),
    [
        ({}, "'only' has no grid"),
        ({"only": Grid.even((9,), (1,))}, r"shape \(9,\)"),
        ({"only": Grid((10,), ((0, 9),))}, "rise from 0 to 10"),
        ({"only": Grid((10,), ((1, 10),))}, "rise from 0 to 10"),
        ({"only": Grid((10,), ((0, 5, 5, 10),))}, "rise from 0 to 10"),
        ({"only": Grid((10,), ((0,),))}, "rise from 0 to 10"),
        ({"only": Grid((10,), ())}, r"shape \(10,\)"),
        ({"only": Grid.even((10,), (1,)), "other": Grid.even((1,), (1,))}, "'other'"),
    ],
)
def test_grids_of_something_else_are_refused(grids: dict[str, Grid], message: str) -> None:
    with pytest.raises(ChipError, match=message):
        placed(one_population(10), LOIHI1, grids)


def test_no_chip_and_unknown_objectives_are_refused() -> None:
    with pytest.raises(ChipError, match="0 chips"):
        place(one_population(1), LOIHI1, chips=0)
    with pytest.raises(ChipError, match="no objective 'fastest'"):
        place(one_population(1), LOIHI1, objective="fastest")  # type: ignore[arg-type]


def test_wide_dense_layers_are_placed_in_seconds() -> None:
    """2048 -> 2048 -> 10: memory binds, 4.2 million weights."""
    rng = np.random.default_rng(0)
    graph = ChipGraph(
        ChipInput("a", "bias", (2048,)),
        (population("a", (2048,)), population("b", (2048,)), population("c", (10,))),
        (
            DenseProjection("a", "b", rng.integers(-127, 128, (2048, 2048))),
            DenseProjection("b", "c", rng.integers(-127, 128, (10, 2048))),
        ),
    )
    started = time.perf_counter()
    placement = place(graph, LOIHI1)
    assert time.perf_counter() - started < 20
    assert placement.fits
    # 512 bits for each of 2048 axons: one header and 62 weights of 8 bits.
    assert placement.cores[1] == -(-2048 // 62)


def pilotnet_sized() -> ChipGraph:
    """The shapes of PilotNet LIF in lava-dl's wheel, 158,509 neurons, with random weights."""
    chain = Chain(0, "bias", (3, 66, 200)).biased_input(threshold=64)
    chain.conv(24, (3, 3), stride=(2, 2), threshold=64)
    chain.conv(36, (3, 3), stride=(2, 2), threshold=64)
    chain.conv(48, (3, 3), stride=(2, 2), threshold=64)
    chain.conv(64, (3, 3), stride=(2, 1), padding=(1, 0), threshold=64)
    chain.conv(64, (3, 3), threshold=64)
    for neurons in (100, 50, 10, 1):
        chain.dense(neurons, threshold=64)
    return chain.graph()


@pytest.mark.parametrize("objective", get_args(Objective))
def test_pilotnet_is_placed_in_seconds(objective: Objective) -> None:
    """On Loihi 1 it takes two chips, within all limits."""
    graph = pilotnet_sized()
    assert sum(each.neurons for each in graph.populations) == 158_509
    loads = {each.name: float(each.neurons) for each in graph.populations}
    started = time.perf_counter()
    placement = place(graph, LOIHI1, objective=objective, loads=loads)
    assert time.perf_counter() - started < 10
    assert placement.fits
    assert placement.chips_used == 2
