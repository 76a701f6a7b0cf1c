"""Relays: populations that repeat another one's spikes, each one step later.

A relay neuron takes one synapse of weight 2 from the neuron it repeats. With both decays full and
threshold 1, v = 2 << 6 fires on a spike, and nothing is left of it for the next step.
"""

from collections.abc import Mapping

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Population, Projection
from export.chip.limits import DECAY_ONE
from export.errors import LimitExceeded

RELAY_WEIGHT, RELAY_THRESHOLD = 2, 1

MAX_LINK_ELEMENTS = 1 << 27
"""Most entries of one flat relay's matrix, which is neurons squared."""

Rows = dict[str, list[Population]]
"""Per source, its relays in the order in which they fire."""


def relay_rows(graph: ChipGraph, lengths: Mapping[str, int]) -> Rows:
    """So many relays behind each source, named after it and like nothing else in the graph."""
    taken = {population.name for population in graph.populations} | {graph.input.name}
    rows: Rows = {}
    for source, steps in lengths.items():
        shape = graph.source_shape(source)
        rows[source] = [
            _relay(_free_name(f"{source}_relay{step}", taken), shape)
            for step in range(1, steps + 1)
        ]
    return rows


def with_relays(graph: ChipGraph, rows: Rows) -> list[Population]:
    """Populations with relays right behind their source: a loop's order says what is feedback."""
    inside = {population.name for population in graph.populations}
    populations = [relay for source, row in rows.items() if source not in inside for relay in row]
    for population in graph.populations:
        populations += [population, *rows.get(population.name, [])]
    return populations


def relay_links(rows: Rows) -> list[Projection]:
    """Each relay's synapses: one per neuron, from the neuron whose spikes it repeats.

    Raises:
        LimitExceeded: a flat population is too large for a matrix of neurons squared.
    """
    links = []
    for source, row in rows.items():
        before = [source, *(relay.name for relay in row)]
        links += [_link(name, relay) for name, relay in zip(before, row, strict=False)]
    return links


def _relay(name: str, shape: tuple[int, ...]) -> Population:
    full, none = np.array(DECAY_ONE), np.array(0)
    return Population(name, shape, full, full, np.array(RELAY_THRESHOLD), none)


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _link(source: str, relay: Population) -> Projection:
    if len(relay.shape) == 1:
        if relay.neurons**2 > MAX_LINK_ELEMENTS:
            raise LimitExceeded(
                f"relay of '{source}': {relay.neurons:,} neurons in a flat layer take a matrix of "
                f"{relay.neurons**2:,} entries, more than {MAX_LINK_ELEMENTS:,}. Balance by "
                "synaptic delays, or give the layer the shape (C, H, W)."
            )
        matrix = np.zeros((relay.neurons, relay.neurons), dtype=np.int64)
        np.fill_diagonal(matrix, RELAY_WEIGHT)
        return DenseProjection(source, relay.name, matrix)
    channels = relay.shape[0]
    kernel = np.full((channels, 1, 1, 1), RELAY_WEIGHT, dtype=np.int64)
    return ConvProjection(source, relay.name, kernel, groups=channels)
