"""Spikes of the first samples, for the report's raster: which neuron fired in which chip step."""

from collections.abc import Iterator

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.recording import Recording, State
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import Raster

SAMPLES = 3
"""Drawn; one may be an odd one, and more would say the same."""

NEURONS = 64
"""Drawn of a layer at most: more rows than that can't be told apart on a page."""


def raster_recording(graph: ChipGraph, samples: int) -> Recording:
    """What a simulation of at least one sample has to record for `rasters`."""
    spikes: frozenset[State] = frozenset({"s"})
    states = {population.name: spikes for population in graph.populations}
    return Recording(states, (0, min(SAMPLES, samples)))


def rasters(trace: Trace) -> tuple[Raster, ...]:
    """One per layer and sample, of the first `SAMPLES` recorded, with at most `NEURONS` rows each.

    A spike at step t of a layer's window, from 0, falls into chip step depth + t + 1. Row r of R
    shows neuron floor(r * neurons / R), in C, H, W order.

    Returns:
        Sample by sample, numbered from the first recorded one, layers in topological order; nothing
        where no spikes were recorded.
    """
    return tuple(raster for sample in range(SAMPLES) for raster in _of_sample(trace, sample))


def _of_sample(trace: Trace, sample: int) -> Iterator[Raster]:
    for column, name in enumerate(trace.populations):
        spikes = trace.recordings.get(name, {}).get("s")
        if spikes is None or sample >= len(spikes):
            continue
        fired = spikes[sample].reshape(trace.time_steps, -1)
        drawn = _evenly_spaced(fired.shape[1])
        steps, rows = np.nonzero(fired[:, drawn])
        yield Raster(
            sample=sample,
            layer=name,
            neurons=len(drawn),
            of=fired.shape[1],
            steps=tuple((steps + int(trace.depth[column]) + 1).tolist()),
            rows=tuple(rows.tolist()),
        )


def _evenly_spaced(neurons: int) -> IntArray:
    rows = min(neurons, NEURONS)
    places: IntArray = np.arange(rows) * neurons // rows
    return places
