"""How far a population's spikes travel: messages and hops per spike, from the placement."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from hwsim.placement import Placement


@dataclass(frozen=True)
class Routes:
    """Sums over all (source core, destination core) pairs of a population's outgoing projections.

    A spike goes once to every core of every target population. Spikes are taken as spread evenly
    over the source cores, so a spike's mean is the sum divided by the population's cores.

    Args:
        destinations: [P] messages per spike: cores of all target populations.
        in_tile: [P] pairs on the same tile.
        hops_east_west: [P] columns between the pairs' tiles.
        hops_north_south: [P] rows between the pairs' tiles.
        farthest: columns and rows that no message exceeds.
    """

    destinations: IntArray
    in_tile: IntArray
    hops_east_west: IntArray
    hops_north_south: IntArray
    farthest: tuple[int, int]


def route(graph: ChipGraph, placement: Placement) -> Routes:
    """Follows every projection between placed populations, first along rows, then columns.

    Projections of an external input don't start on a core and are left out.
    """
    index = {name: position for position, name in enumerate(placement.populations)}
    destinations, in_tile, east_west, north_south = np.zeros((4, len(index)), dtype=np.int64)
    farthest = (0, 0)
    for projection in graph.projections:
        if projection.source not in index:
            continue
        source, target = index[projection.source], index[projection.target]
        here, there = placement.cores_of(source), placement.cores_of(target)
        columns, rows = placement.core_column, placement.core_row
        destinations[source] += placement.cores[target]
        in_tile[source] += _same(placement.core_tile[here], placement.core_tile[there])
        east_west[source] += _total_distance(columns[here], columns[there])
        north_south[source] += _total_distance(rows[here], rows[there])
        farthest = (
            max(farthest[0], _greatest_distance(columns[here], columns[there])),
            max(farthest[1], _greatest_distance(rows[here], rows[there])),
        )
    return Routes(destinations, in_tile, east_west, north_south, farthest)


def _same(here: IntArray, there: IntArray) -> int:
    """Pairs (a, b) with a = b."""
    size = int(max(here.max(), there.max())) + 1
    return int(np.bincount(here, minlength=size) @ np.bincount(there, minlength=size))


def _total_distance(here: IntArray, there: IntArray) -> int:
    """Sum of |a - b| over all pairs, by histogram: a chip has few columns and rows."""
    apart = np.abs(np.arange(here.max() + 1)[:, None] - np.arange(there.max() + 1))
    return int(np.bincount(here) @ apart @ np.bincount(there))


def _greatest_distance(here: IntArray, there: IntArray) -> int:
    return int(max(here.max() - there.min(), there.max() - here.min()))
