"""Messages and hops per spike, against a walk over every pair of cores."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.chip import load_chip
from hwsim.placement import place
from hwsim.routes import route
from tests.cost_example import population, relay_graph

LOIHI1 = load_chip("loihi1")


def wide_graph() -> ChipGraph:
    """Three populations over 5, 40 and 3 cores, wired forward, back, and onto themselves."""
    sizes = {"a": 5 * 1024, "b": 40 * 1024, "c": 3 * 1024}
    weight = np.zeros((1, 1), dtype=np.int64)
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c"), ("input", "a")]
    return ChipGraph(
        ChipInput("input", "spikes", (1,)),
        tuple(population(name, (size,)) for name, size in sizes.items()),
        tuple(DenseProjection(source, target, weight) for source, target in pairs),
    )


@pytest.mark.parametrize("graph", [relay_graph(), wide_graph()])
def test_routes_are_every_pair_of_cores_walked(graph: ChipGraph) -> None:
    """Core by core: messages per spike, pairs in one tile, columns and rows between tiles."""
    placement = place(graph, LOIHI1)
    routes = route(graph, placement)
    names = placement.populations
    for position, name in enumerate(names):
        destinations = same = columns = rows = 0
        for projection in graph.outgoing(name):
            target = placement.cores_of(names.index(projection.target))
            destinations += len(target)
            for here in placement.cores_of(position):
                for there in target:
                    same += here // 4 == there // 4
                    columns += abs(here // 4 % 8 - there // 4 % 8)
                    rows += abs(here // 32 - there // 32)
        assert routes.destinations[position] == destinations
        assert routes.in_tile[position] == same
        assert routes.hops_east_west[position] == columns
        assert routes.hops_north_south[position] == rows


def test_two_projections_send_two_messages() -> None:
    """A spike goes out once per projection, also where two lead to the same population."""
    graph = relay_graph()
    doubled = replace(graph, projections=(*graph.projections, graph.projections[0]))
    routes = route(doubled, place(doubled, LOIHI1))
    assert routes.destinations.tolist() == [6, 1, 0]


def test_farthest_message_bounds_every_route() -> None:
    """Cores 0-4 reach tile 11 at most: seven columns, one row."""
    assert route(wide_graph(), place(wide_graph(), LOIHI1)).farthest == (7, 1)
    assert route(relay_graph(), place(relay_graph(), LOIHI1)).farthest == (1, 0)
