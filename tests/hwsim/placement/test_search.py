"""Chosen grids against trying all of them, and each objective against the fewest cores."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection
from hwsim.chips.chip import Chip
from hwsim.errors import ChipError
from hwsim.placement import best_first
from hwsim.placement.choices import Choices, part_counts
from hwsim.placement.demand import Demand
from hwsim.placement.grid import Grid
from hwsim.placement.place import place
from hwsim.placement.placement import Placement
from tests.cost_example import population
from tests.placement_networks import LOIHI1, random_chip, random_network, small_chip

Cost = tuple[int, int]


def tight_chip(rng: np.random.Generator) -> Chip:
    """Limits under which most small networks must be cut, also for their output axons."""
    return small_chip(
        neurons_per_core=int(rng.integers(3, 20)),
        input_axons_per_core=int(rng.integers(8, 40)),
        output_axons_per_core=int(rng.integers(4, 30)),
        synaptic_memory_bits_per_core=int(rng.integers(10, 100)) * 64,
    )


def all_grids(shape: tuple[int, ...]) -> Iterator[Grid]:
    for parts in product(*(range(1, size + 1) for size in shape)):
        yield Grid.even(shape, parts)


def brute_force(graph: ChipGraph, chip: Chip) -> Cost | None:
    """Fewest cores and then messages over all combinations of even grids within all limits."""
    demand = Demand(graph, chip)
    own = []
    for index, each in enumerate(graph.populations):
        kept = []
        for grid in all_grids(each.shape):
            received = demand.received(index, grid)
            if (
                grid.neurons.max() <= demand.limit("neurons")
                and received.input_axons.max() <= demand.limit("input_axons")
                and received.synaptic_memory_bits.max() <= demand.limit("synaptic_memory_bits")
            ):
                kept.append((grid, received.messages))
        own.append(kept)
    best = None
    for combination in product(*own):
        grids = [grid for grid, _ in combination]
        cost = sum(grid.cores for grid in grids), sum(messages for _, messages in combination)
        if (best is None or cost < best) and all(
            demand.output_axons(index, grids).max() <= demand.limit("output_axons")
            for index in range(len(grids))
        ):
            best = cost
    return best


def cost_of(graph: ChipGraph, chip: Chip, placement: Placement) -> Cost:
    return placement.cores_used, messages_of(graph, chip, placement)


def messages_of(graph: ChipGraph, chip: Chip, placement: Placement) -> int:
    """Messages if every neuron and input fires once."""
    demand = Demand(graph, chip)
    return sum(demand.received(i, grid).messages for i, grid in enumerate(placement.grids))


def small_enough(graph: ChipGraph) -> bool:
    return bool(np.prod([float(np.prod(each.shape)) for each in graph.populations]) < 10_000)


def test_fewest_cores_equal_brute_force() -> None:
    """Over all even grids of networks of up to three populations, also where none fits."""
    answers = []
    for seed in range(240):
        graph = random_network(seed, most=3)
        if not small_enough(graph):
            continue
        chip = tight_chip(np.random.default_rng(seed))
        best = brute_force(graph, chip)
        placement = place(graph, chip)
        answers.append(best)
        core_limits = [e for e in placement.excesses if "axons" in e.limit or "memory" in e.limit]
        assert (best is None) == bool(core_limits), seed
        if best is not None:
            assert cost_of(graph, chip, placement) == best, seed
    found = [best for best in answers if best is not None]
    assert len(found) >= 40
    assert sum(cores > 3 for cores, _ in found) >= 12
    assert None in answers


def test_output_axons_force_more_cores_than_each_population_needs_alone() -> None:
    """Two cores of b hear all of a: 6 neurons have 12 output axons, so a takes three cores."""
    graph = chain(6, 6)
    chip = small_chip(neurons_per_core=6, output_axons_per_core=4, input_axons_per_core=6)
    tight = small_chip(
        neurons_per_core=6, output_axons_per_core=4, synaptic_memory_bits_per_core=6 * 64
    )
    assert place(graph, chip).cores.tolist() == [2, 1]
    assert bits_alone(graph, tight, 6) == 64
    wide = small_chip(neurons_per_core=3, output_axons_per_core=4)
    assert place(graph, wide).cores.tolist() == [3, 2]


def test_bound_on_the_search_leaves_the_greedy_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a step to take, sources are still cut until their output axons fit."""
    monkeypatch.setattr(best_first, "STEPS_AT_MOST", 0)
    wide = small_chip(neurons_per_core=3, output_axons_per_core=4)
    placement = place(chain(6, 6), wide)
    assert placement.cores.tolist() == [3, 2]
    assert placement.fits


def test_cut_with_more_messages_is_taken_where_it_saves_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """b takes two cores; what each of its cuts costs depends on who is asked.

    Cut by channels, b hears each of the 32 inputs once and each pixel of a twice: 64 messages,
    and a's 16 pixels have 32 output axons. Cut by rows it hears the inputs twice, as the kernel
    is as wide as the map, and a once: 80 messages, and 16 output axons, all that a core has.
    """
    wide, narrow = np.ones((2, 1, 5, 5), dtype=np.int64), np.ones((2, 1, 1, 1), dtype=np.int64)
    graph = ChipGraph(
        ChipInput("x", "spikes", (2, 4, 4)),
        (population("a", (1, 4, 4)), population("b", (2, 4, 4))),
        (
            ConvProjection("x", "b", wide, padding=(2, 2), groups=2),
            ConvProjection("a", "b", narrow),
        ),
    )
    chip = small_chip(neurons_per_core=16, output_axons_per_core=16)
    assert cost_of(graph, chip, place(graph, chip)) == (3, 80)
    monkeypatch.setattr(best_first, "STEPS_AT_MOST", 0)
    assert cost_of(graph, chip, place(graph, chip)) == (4, 64)


def test_equal_networks_get_equal_placements() -> None:
    for seed in range(20):
        graph, chip = random_network(seed), tight_chip(np.random.default_rng(seed))
        assert place(graph, chip).grids == place(graph, chip).grids


def test_lowest_latency_splits_the_bottleneck_until_cores_run_out() -> None:
    """8 + 8 neurons on a chip of 6 cores; b has three times the work of a."""
    chip = small_chip(cores=6, cores_per_tile=4)
    placement = place(chain(8, 8), chip, objective="lowest-latency", loads={"a": 1.0, "b": 3.0})
    # 1/1 and 3/1; 3/2; 3 * 3/8 (three parts); 3/4: now a is busiest, 1/2; b has no core left.
    assert placement.cores.tolist() == [2, 4]
    assert placement.objective == "lowest-latency"


def test_lowest_latency_ends_where_a_neuron_would_be_cut() -> None:
    """b's two neurons have a core each; a isn't busier, so it stays whole."""
    placement = place(chain(8, 2), LOIHI1, objective="lowest-latency", loads={"a": 1.0, "b": 9.0})
    assert placement.cores.tolist() == [1, 2]


def test_lowest_latency_uses_the_chips_it_is_given() -> None:
    chip = small_chip(cores=4, cores_per_tile=4)
    loads = {"a": 1.0, "b": 1.0}
    one = place(chain(8, 8), chip, objective="lowest-latency", loads=loads)
    two = place(chain(8, 8), chip, objective="lowest-latency", loads=loads, chips=2)
    assert (one.cores_used, one.chips_used) == (4, 1)
    assert (two.cores_used, two.chips_used) == (8, 2)


def test_lowest_latency_never_breaks_a_limit_or_gets_slower() -> None:
    """Random networks: work on the busiest core against that of the fewest cores."""
    faster = 0
    for seed in range(30):
        graph, chip = random_network(seed), tight_chip(np.random.default_rng(seed))
        loads = {each.name: float(each.neurons) for each in graph.populations}
        fewest = place(graph, chip)
        quick = place(graph, chip, objective="lowest-latency", loads=loads)
        busiest = [max(grid.neurons.max() for grid in each.grids) for each in (quick, fewest)]
        assert busiest[0] <= busiest[1]
        assert quick.cores_used <= 128 * fewest.chips_used
        assert {e.limit for e in quick.excesses} <= {e.limit for e in fewest.excesses}
        faster += busiest[0] < busiest[1]
    assert faster >= 15


def test_lowest_latency_needs_loads() -> None:
    with pytest.raises(ChipError, match=r"no load of population 'b'"):
        place(chain(2, 2), LOIHI1, objective="lowest-latency", loads={"a": 1.0})


def test_least_traffic_has_no_more_messages_than_the_fewest_cores() -> None:
    less = 0
    for seed in range(60):
        graph, chip = random_network(seed), random_chip(np.random.default_rng(seed))
        fewest, quiet = place(graph, chip), place(graph, chip, objective="least-traffic")
        before, after = (messages_of(graph, chip, each) for each in (fewest, quiet))
        assert after <= before
        assert {e.limit for e in quiet.excesses} <= {e.limit for e in fewest.excesses}
        less += after < before
    assert less >= 3


def test_least_traffic_prefers_squares_to_stripes() -> None:
    """10 x 10 neurons, 3 x 3 kernels, cores of 20: five stripes hear 3 + 4 + 4 + 4 + 3 rows of 10.

    Six blocks of 5 x 4 and 5 x 3 neurons hear (6 + 6) x (5 + 5 + 4) pixels.
    """
    kernel = np.ones((1, 1, 3, 3), dtype=np.int64)
    graph = ChipGraph(
        ChipInput("x", "spikes", (1, 10, 10)),
        (population("b", (1, 10, 10)),),
        (ConvProjection("x", "b", kernel, padding=(1, 1)),),
    )
    chip = small_chip(neurons_per_core=20)
    stripes, squares = place(graph, chip), place(graph, chip, objective="least-traffic")
    assert cost_of(graph, chip, stripes) == (5, 180)
    assert cost_of(graph, chip, squares) == (6, 168)


def test_least_traffic_stays_on_the_chips_there_are() -> None:
    """Whatever it would gain, it doesn't take a chip more than the fewest cores."""
    for seed in range(25):
        graph, rng = random_network(seed), np.random.default_rng(seed)
        roomy = random_chip(rng)
        cores = max(1, place(graph, roomy).cores_used)
        limits = roomy.limits.model_copy(
            update={"cores": roomy.limits.cores.model_copy(update={"value": cores})}
        )
        chip = roomy.model_copy(update={"limits": limits})
        assert place(graph, chip, objective="least-traffic").cores_used <= cores


def test_one_neuron_with_too_many_inputs_is_cut_for_its_other_limits_only() -> None:
    """20 inputs on cores of 10 axons: no cut helps, so neurons alone set the cores."""
    chip = small_chip(input_axons_per_core=10, neurons_per_core=4)
    assert Choices(Demand(chain(20, 8), chip), 1).impossible == ("input_axons",)
    assert place(chain(20, 8), chip).cores.tolist() == [5, 2]


def test_part_counts_are_all_products() -> None:
    shape = (3, 4, 6)
    expected = sorted(
        parts for parts in product(*(range(1, n + 1) for n in shape)) if np.prod(parts) == 12
    )
    assert sorted(part_counts(shape, 12)) == expected
    assert part_counts((5,), 6) == []


def chain(first: int, second: int) -> ChipGraph:
    """Two populations, all to all with weights of one bit."""
    return ChipGraph(
        ChipInput("a", "bias", (first,)),
        (population("a", (first,)), population("b", (second,))),
        (DenseProjection("a", "b", np.ones((second, first), dtype=np.int64)),),
    )


def bits_alone(graph: ChipGraph, chip: Chip, neurons: int) -> int:
    """Bits of the synapses behind one axon of `b`, uncut."""
    received = Demand(graph, chip).received(1, Grid.even((neurons,), (1,)))
    return int(received.synaptic_memory_bits[0] // received.input_axons[0])
