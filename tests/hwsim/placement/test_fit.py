"""What each layer takes and what keeps it from fewer cores."""

import numpy as np

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.chips.chip import Chip
from hwsim.placement.fit import fit_rows
from hwsim.placement.place import place
from tests.cost_example import population
from tests.placement_networks import small_chip


def chain(*sizes: int) -> ChipGraph:
    names = [f"p{number}" for number in range(len(sizes))]
    return ChipGraph(
        ChipInput("p0", "bias", (sizes[0],)),
        tuple(population(name, (size,)) for name, size in zip(names, sizes, strict=True)),
        tuple(
            DenseProjection(names[i], names[i + 1], np.ones((sizes[i + 1], sizes[i]), np.int64))
            for i in range(len(sizes) - 1)
        ),
    )


def binds(graph: ChipGraph, chip: Chip) -> list[str]:
    return [row.binds for row in fit_rows(graph, place(graph, chip), chip)]


def test_rows_show_the_fullest_core() -> None:
    """5 neurons on cores of 3: 3 and 2; each is heard on two cores of b."""
    graph, chip = chain(5, 4), small_chip(neurons_per_core=3)
    first, second = fit_rows(graph, place(graph, chip), chip)
    assert (first.layer, first.cores, first.parts, first.formats) == ("p0", 2, (2,), ())
    assert {use.resource: (use.used, use.limit) for use in first.uses} == {
        "neurons": (3, 3),
        "input axons": (0, 4096),
        "output axons": (6, 4096),
        "synaptic memory bits": (0, 1 << 20),
    }
    assert second.formats == ("dense",)
    assert [use.used for use in second.uses] == [2, 5, 0, 5 * 64]


def test_one_core_is_bound_by_nothing_else() -> None:
    assert binds(chain(4, 4), small_chip()) == ["one core", "one core"]


def test_neurons_bind() -> None:
    assert binds(chain(5, 4), small_chip(neurons_per_core=4)) == ["neurons", "one core"]


def test_synaptic_memory_binds() -> None:
    """10 axons of 64 one-bit weights take two words; a core has 10: 32 targets take one."""
    chip = small_chip(synaptic_memory_bits_per_core=640)
    assert binds(chain(10, 64), chip) == ["one core", "synaptic memory bits"]


def test_output_axons_bind() -> None:
    """6 neurons heard on two cores, and 4 output axons: three cores."""
    chip = small_chip(neurons_per_core=6, output_axons_per_core=4)
    assert binds(chain(6, 7), chip) == ["output axons", "neurons"]


def test_split_for_low_latency_is_bound_by_no_limit() -> None:
    graph, chip = chain(6, 6), small_chip(cores=6)
    placement = place(graph, chip, objective="lowest-latency", loads={"p0": 1.0, "p1": 1.0})
    assert [row.binds for row in fit_rows(graph, placement, chip)] == ["no limit", "no limit"]


def test_another_populations_output_axons_can_bind() -> None:
    """b is cut for latency; with one core fewer nothing breaks, with a's limits all still hold."""
    graph = chain(3, 8)
    chip = small_chip(neurons_per_core=4, output_axons_per_core=6)
    assert binds(graph, chip) == ["one core", "neurons"]
