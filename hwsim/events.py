"""Counted events on the chip's own steps, summed over samples: exact integers."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.trace import Trace
from hwsim.routes import Routes


@dataclass(frozen=True)
class EventCounts:
    """Events of all samples together, int64 [S, P]: S chip steps, P populations.

    One inference takes S = T + D chip steps, D the greatest depth. A population of depth d works
    on the sample in steps d + 1 .. d + T; in the others its neurons are updated all the same.

    Args:
        samples: how many inferences the counts cover.
        spikes: neurons that fired.
        synops: stored synapses hit by a spike, at the receiving population.
        active_updates: neurons updated with state, input or bias.
        inactive_updates: neurons updated with none.
        messages: spikes times destination cores.
    """

    samples: int
    spikes: IntArray
    synops: IntArray
    active_updates: IntArray
    inactive_updates: IntArray
    messages: IntArray


def count_events(trace: Trace, routes: Routes) -> EventCounts:
    """Sums a trace over its samples and moves every population to its own chip steps."""
    nothing = np.zeros_like(trace.neurons)
    spikes = _on_chip_steps(trace, trace.spikes.sum(axis=0), nothing)
    active = _on_chip_steps(
        trace, trace.active_updates.sum(axis=0), trace.samples * idle_active_updates(trace)
    )
    return EventCounts(
        samples=trace.samples,
        spikes=spikes,
        synops=_on_chip_steps(trace, trace.synops.sum(axis=0), nothing),
        active_updates=active,
        inactive_updates=trace.samples * trace.neurons - active,
        messages=spikes * routes.destinations,
    )


def chip_steps(trace: Trace) -> int:
    """Chip steps of one inference: T plus one for each step of lag."""
    return trace.time_steps + int(trace.depth.max())


def idle_active_updates(trace: Trace) -> IntArray:
    """[P] active updates per step outside the window: all of a population with biases, or none."""
    biased = [_has_bias(trace.graph, name) for name in trace.populations]
    return np.where(biased, trace.neurons, 0)


def _has_bias(graph: ChipGraph, name: str) -> bool:
    written_by_host = graph.input.form == "bias" and graph.input.name == name
    return written_by_host or bool(np.any(graph.population(name).bias))


def _on_chip_steps(trace: Trace, window: IntArray, outside: IntArray) -> IntArray:
    """[T, P] counts of the windows and [P] counts outside them -> [S, P]."""
    placed = np.tile(outside, (chip_steps(trace), 1))
    steps = trace.depth + np.arange(trace.time_steps)[:, None]
    placed[steps, np.arange(len(trace.populations))] = window
    return placed
