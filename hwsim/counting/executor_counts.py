"""Runs a network in the float executor, batch by batch, and keeps the counts of its events."""

from collections.abc import Callable
from math import prod
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from export.executor import run_graph
from export.executor.samples import time_major
from export.graph_order import in_order
from export.nir_metadata import read_facts
from hwsim.counting.events import EventCounter
from hwsim.counting.spike_counts import SpikeCounts

BATCH_VALUES = 1 << 25
"""Float64 values of all nodes and steps that are in memory at a time."""


def executor_counts(
    graph: nir.NIRGraph, inputs: NDArray[Any], on_batch: Callable[[int], None] | None = None
) -> SpikeCounts:
    """Spikes and synaptic operations of every sample, step and layer.

    Args:
        graph: with facts.
        inputs: [N, *shape] for a static input, [N, T, *shape] for a sequence; they count as spikes
            if they are zeros and ones.
        on_batch: told how many samples are done.

    Raises:
        SpikeportError: what the executor refuses.
    """
    facts = read_facts(graph)
    nodes = in_order(graph, unfolded=True, loops=True)
    counter = EventCounter(nodes, facts.dt_s)
    are_spikes = bool(((inputs == 0) | (inputs == 1)).all())
    values = facts.time_steps * sum(prod(node.shape) for node in nodes)
    size = max(1, BATCH_VALUES // values)
    spikes, synops = [], []
    for first in range(0, len(inputs), size):
        batch = inputs[first : first + size]
        run = run_graph(graph, batch)
        spikes.append(counter.spikes(run))
        given = torch.from_numpy(time_major(batch, facts).copy()) if are_spikes else None
        synops.append(counter.synops(run, given))
        if on_batch is not None:
            on_batch(first + len(batch))
    names = tuple(layer.name for layer in counter.layers)
    return SpikeCounts(names, np.concatenate(spikes), np.concatenate(synops))
