"""Uses of cores against a count synapse by synapse, on random networks with random cuts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection, IntArray
from hwsim.chips.chip import Chip
from hwsim.placement.demand import Demand
from hwsim.placement.grid import Grid
from hwsim.placement.place import placed
from tests.any_chip_graphs import any_graphs
from tests.cost_example import population
from tests.placement_networks import LOIHI1, random_network
from tests.placement_oracle import synapses, uses_by_hand

Rng = np.random.Generator


def random_grid(rng: Rng, shape: tuple[int, ...]) -> Grid:
    """Uneven cuts anywhere."""
    cuts = []
    for size in shape:
        inner = rng.choice(np.arange(1, size), rng.integers(0, size), replace=False)
        cuts.append((0, *sorted(map(int, inner)), size))
    return Grid(shape, tuple(cuts))


def check_uses(graph: ChipGraph, chip: Chip, rng: Rng) -> None:
    grids = {each.name: random_grid(rng, each.shape) for each in graph.populations}
    placement = placed(graph, chip, grids)
    by_hand = uses_by_hand(graph, placement, chip)
    assert {use: taken.tolist() for use, taken in placement.uses.items()} == by_hand


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_uses_equal_a_count_synapse_by_synapse(first: int) -> None:
    for seed in range(first, first + 25):
        check_uses(random_network(seed), LOIHI1, np.random.default_rng(seed))


@settings(max_examples=60, deadline=None)
@given(any_graphs(), st.integers(0, 2**32))
def test_uses_of_any_graph(graph: ChipGraph, seed: int) -> None:
    check_uses(graph, LOIHI1, np.random.default_rng(seed))


def test_shared_kernels_written_out_by_hand() -> None:
    """A 3 x 3 kernel, 1 -> 2 channels, over 4 x 4 pixels, padded, on one core.

    Rows 0, 1 and 2, 3 of the map: taps {0, 1}, {0, 1, 2} twice, {1, 2}; columns alike. So nine
    kernels: 4 of 2 x 2, 4 of 2 x 3 and 1 of 3 x 3 taps, each times 2 channels of 3 bits and an
    index of 6: 8 * 9 + 10 = 82 and 12 * 9 + 10 = 118 bits are two words, 18 * 9 + 10 = 172 three.
    """
    weight = np.arange(-1, 17).reshape(2, 1, 3, 3) % 7 - 4
    graph = two_maps(weight, (1, 4, 4), (2, 4, 4), padding=(1, 1))
    whole = Demand(graph, LOIHI1).received(1, Grid.even((2, 4, 4), (1, 1, 1)))
    assert whole.input_axons.tolist() == [16]
    assert whole.synaptic_memory_bits.tolist() == [(4 * 2 + 4 * 2 + 3) * 64]


def test_pixel_takes_one_axon_for_all_channels() -> None:
    """4 channels of 3 x 3 pixels onto one core: 9 axons; cut by channels into two: 9 on each."""
    graph = two_maps(np.ones((4, 4, 1, 1), dtype=np.int64), (4, 3, 3), (4, 3, 3))
    demand = Demand(graph, LOIHI1, ("conv",))
    halves = Grid.even((4, 3, 3), (2, 1, 1))
    assert demand.received(1, halves).input_axons.tolist() == [9, 9]
    assert demand.output_axons(0, [halves, halves]).tolist() == [18, 18]


def test_channel_block_of_a_grouped_convolution_takes_its_groups_only() -> None:
    """Depthwise: half of the channels stores half of the kernels and hears half of the source."""
    graph = two_maps(np.ones((4, 1, 1, 1), dtype=np.int64), (4, 3, 3), (4, 3, 3), groups=4)
    demand = Demand(graph, LOIHI1, ("conv",))
    halves = Grid.even((4, 3, 3), (2, 1, 1))
    received = demand.received(1, halves)
    assert received.synaptic_memory_bits.tolist() == [2 * 64, 2 * 64]
    assert received.messages == 4 * 9
    assert demand.output_axons(0, [halves, halves]).tolist() == [9, 9]


def test_bias_input_takes_no_axons_and_spikes_do() -> None:
    """Five inputs onto three neurons, from outside."""
    weight = np.ones((3, 5), dtype=np.int64)
    spikes = ChipGraph(
        ChipInput("x", "spikes", (5,)),
        (population("a", (3,)),),
        (DenseProjection("x", "a", weight),),
    )
    silent = ChipGraph(ChipInput("a", "bias", (3,)), (population("a", (3,)),), ())
    whole = Grid.even((3,), (1,))
    assert Demand(spikes, LOIHI1).received(0, whole).input_axons.tolist() == [5]
    assert Demand(silent, LOIHI1).received(0, whole).input_axons.tolist() == [0]


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_reach_follows_the_synapses(first: int) -> None:
    """A neuron reaches a core if it has a synapse there, of non-zero weight unless shared."""
    for seed in range(first, first + 25):
        graph = random_network(seed)
        demand = Demand(graph, LOIHI1)
        rng = np.random.default_rng(seed)
        for projection, form, wiring in zip(
            graph.projections, demand.formats, demand.wirings, strict=True
        ):
            grid = random_grid(rng, graph.population(projection.target).shape)
            found = wiring.reaches(grid)
            expected = np.zeros_like(found)
            core = np.zeros(grid.shape, dtype=int)
            for number, block in enumerate(grid.blocks()):
                core[block] = number
            for synapse in synapses(graph, projection):
                if form == "conv" or synapse.weight:
                    expected[synapse.source, core.ravel()[synapse.target]] = True
            assert np.array_equal(found, expected)
            assert wiring.received(grid).messages == expected.sum()


def two_maps(
    weight: IntArray,
    source: tuple[int, ...],
    target: tuple[int, ...],
    *,
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> ChipGraph:
    projection = ConvProjection("a", "b", weight, padding=padding, groups=groups)
    return ChipGraph(
        ChipInput("a", "bias", source),
        (population("a", source), population("b", target)),
        (projection,),
    )
