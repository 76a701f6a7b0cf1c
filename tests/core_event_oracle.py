"""Events per core counted synapse by synapse and spike by spike: slow, and independent."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection
from hwsim.placement.placement import Placement

Synapse = tuple[int, int, int, int]
"""Source neuron, target neuron, weight, delay."""


@dataclass
class Counted:
    """Counts by (chip step, core), and messages of each link by (chip step, tile, tile)."""

    synops: Counter[tuple[int, int]] = field(default_factory=Counter)
    messages_out: Counter[tuple[int, int]] = field(default_factory=Counter)
    messages_in: Counter[tuple[int, int]] = field(default_factory=Counter)
    messages_in_tile: Counter[tuple[int, int]] = field(default_factory=Counter)
    hops_east_west: Counter[tuple[int, int]] = field(default_factory=Counter)
    hops_north_south: Counter[tuple[int, int]] = field(default_factory=Counter)
    chip_crossings: Counter[tuple[int, int]] = field(default_factory=Counter)
    links: Counter[tuple[int, tuple[int, int], tuple[int, int]]] = field(default_factory=Counter)

    def as_array(self, name: str, steps: int, cores: int) -> IntArray:
        """One kind of count, [steps, cores]."""
        found = np.zeros((steps, cores), dtype=np.int64)
        for place, count in getattr(self, name).items():
            found[place] = count
        return found


def synapses_of(graph: ChipGraph, projection: Projection) -> list[Synapse]:
    """Every stored synapse, zeros included, in loops."""
    if not isinstance(projection, ConvProjection):
        targets, sources = projection.weight.shape
        delay = projection.delay
        return [
            (i, j, int(projection.weight[j, i]), 0 if delay is None else int(delay[j, i]))
            for j, i in product(range(targets), range(sources))
        ]
    channels, height, width = graph.source_shape(projection.source)
    outputs, rows, columns = graph.population(projection.target).shape
    _, inputs, kernel_rows, kernel_columns = projection.weight.shape
    found = []
    for o, y, x in product(range(outputs), range(rows), range(columns)):
        group = o // (outputs // projection.groups)
        for c, a, b in product(range(inputs), range(kernel_rows), range(kernel_columns)):
            row = y * projection.stride[0] - projection.padding[0] + a * projection.dilation[0]
            column = x * projection.stride[1] - projection.padding[1] + b * projection.dilation[1]
            if 0 <= row < height and 0 <= column < width:
                source = ((group * inputs + c) * height + row) * width + column
                target = (o * rows + y) * columns + x
                weight = int(projection.weight[o, c, a, b])
                found.append((source, target, weight, projection.delay))
    assert channels == inputs * projection.groups
    return found


def core_of_neurons(placement: Placement, index: int) -> list[int]:
    """Core of each neuron of a population, in C, H, W order."""
    grid = placement.grids[index]
    cores = np.zeros(grid.shape, dtype=np.int64)
    for block, box in enumerate(grid.blocks()):
        cores[box] = int(placement.first_core[index]) + block
    return [int(core) for core in cores.reshape(-1)]


def count_by_hand(
    graph: ChipGraph,
    placement: Placement,
    fired: dict[str, IntArray],
    depth: dict[str, int],
    *,
    zeros: dict[int, bool],
    shared: dict[int, bool],
) -> Counted:
    """All events of spikes [T, neurons] of one sample, spike by spike.

    Args:
        graph: the network.
        placement: of it.
        fired: per population and external input, 0 or 1.
        depth: per population.
        zeros: per projection, whether zero weights count.
        shared: per projection, whether a message goes wherever the kernel's shape leads.
    """
    counted = Counted()
    names = [population.name for population in graph.populations]
    for number, projection in enumerate(graph.projections):
        core_of_target = core_of_neurons(placement, names.index(projection.target))
        outside = projection.source not in names
        core_of_source = (
            None if outside else core_of_neurons(placement, names.index(projection.source))
        )
        synapses = synapses_of(graph, projection)
        least = min((synapse[3] for synapse in synapses), default=0)
        steps, neurons = fired[projection.source].shape
        for t, i in product(range(steps), range(neurons)):
            if not fired[projection.source][t, i]:
                continue
            sent_at = t + depth.get(projection.source, 0)
            last = depth[projection.target] + steps - 1
            destinations = set()
            own = [s for s in synapses if s[0] == i]
            stored = {core_of_target[j] for _, j, weight, _ in own if weight != 0}
            for _, j, weight, delay in own:
                core = core_of_target[j]
                if not shared[number] and core not in stored:
                    continue
                if weight != 0 or zeros[number]:
                    if sent_at + 1 + delay <= last:
                        counted.synops[sent_at + 1 + delay, core] += 1
                    destinations.add(core)
                elif shared[number]:
                    destinations.add(core)
            for core in destinations:
                if sent_at + 1 + least <= last:
                    counted.messages_in[sent_at + 1 + least, core] += 1
                if core_of_source is not None:
                    _route(counted, placement, sent_at, core_of_source[i], core)
    return counted


def _route(counted: Counted, placement: Placement, step: int, here: int, there: int) -> None:
    place = (step, here)
    counted.messages_out[place] += 1
    crossings = abs(int(placement.chip[here]) - int(placement.chip[there]))
    same = crossings == 0 and placement.tile[here] == placement.tile[there]
    counted.messages_in_tile[place] += int(same)
    counted.chip_crossings[place] += crossings
    at = (int(placement.row[here]), int(placement.column[here]))
    goal = (int(placement.row[there]), int(placement.column[there]))
    while at != goal:
        if at[1] != goal[1]:
            onward = (at[0], at[1] + (1 if goal[1] > at[1] else -1))
            counted.hops_east_west[place] += 1
        else:
            onward = (at[0] + (1 if goal[0] > at[0] else -1), at[1])
            counted.hops_north_south[place] += 1
        counted.links[step, at, onward] += 1
        at = onward
