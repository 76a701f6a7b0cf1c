"""Traces of parts of the samples become one, in the first process.

Arrays with a row per sample are laid end to end; counts by neuron, over the samples, are added up.
They travel in bounded pieces over the connection, since machines needn't share a disk. All
arrays are allocated before anything travels: after that, nothing can fail but the connection.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray
from hwsim.engine.recording import Allocate, Recording, State
from hwsim.engine.tally import KEPT_TYPES
from hwsim.engine.trace import COUNTS, Trace
from hwsim.sharding.ranks import Ranks

PER_SAMPLE = (*COUNTS, "readout", "output_spikes", "readout_steps")
"""Arrays of a trace with a row per sample; the last isn't there in every trace."""

OVER_SAMPLES = ("neuron_spikes", "neuron_active")
"""Arrays by name of population or input that count over all samples."""

Arrays = dict[str, NDArray[Any]]


def part_of_recording(recording: Recording | None, part: slice) -> Recording | None:
    """What is kept of a part of the samples, counted from its first; None if nothing is."""
    if recording is None:
        return None
    first, last = recording.samples or (part.start, part.stop)
    first, last = max(first, part.start), min(last, part.stop)
    if first >= last:
        return None
    return Recording(recording.states, (first - part.start, last - part.start))


def gathered(
    trace: Trace | None,
    recording: Recording | None,
    samples: int,
    ranks: Ranks,
    allocate: Allocate,
) -> Trace | None:
    """The trace of all samples in the first process, None in the others.

    Args:
        trace: of this process's share; None where there are more processes than samples.
        recording: what is kept, samples counted over all processes.
        samples: of all processes.
        ranks: this process among the others.
        allocate: makes the arrays of the whole trace.

    Raises:
        OtherRankFailed: another process failed or ended.
        FileError: no space for the whole trace.
    """
    if ranks.number == 1 or trace is None:
        ranks.agree()
        return trace
    own = _arrays(trace, recording)
    if not ranks.first:
        ranks.agree()
        for array in (*own.values(), *_counted(trace)):
            ranks.send(array)
        return None
    rows = {name: _rows(name, recording, samples, ranks) for name in own}
    whole = {
        name: allocate((rows[name][-1].stop, *array.shape[1:]), array.dtype)
        for name, array in own.items()
    }
    summed = _copied(trace, allocate)
    ranks.agree()
    for name, array in own.items():
        whole[name][rows[name][0]] = array
    for rank in range(1, ranks.number):
        if ranks.share(samples, rank) != slice(samples, samples):
            for name, array in whole.items():
                ranks.receive(array[rows[name][rank]], rank)
            for total in _counted(summed):
                ranks.add_received(total, rank)
    return _with_arrays(summed, whole, recording)


def _arrays(trace: Trace, recording: Recording | None) -> Arrays:
    """A trace's arrays, by name, in an order that all processes share."""
    arrays: Arrays = {}
    for name in PER_SAMPLE:
        array = getattr(trace, name)
        if array is not None:
            arrays[name] = array
    for population, state in _recorded(recording):
        arrays[f"{state}/{population}"] = _states(trace, population, state)
    return arrays


def _counted(trace: Trace) -> Iterator[IntArray]:
    """A trace's counts over samples, in an order that all processes share."""
    for key in OVER_SAMPLES:
        yield from getattr(trace, key).values()


def _copied(trace: Trace, allocate: Allocate) -> Trace:
    """The trace with counts over samples of its own, to be added to."""

    def copied(counts: dict[str, IntArray]) -> dict[str, IntArray]:
        room = {name: allocate(array.shape, np.int64) for name, array in counts.items()}
        for name, array in counts.items():
            room[name][:] = array
        return room

    spikes, active = (copied(getattr(trace, key)) for key in OVER_SAMPLES)
    return replace(trace, neuron_spikes=spikes, neuron_active=active)


def _states(trace: Trace, population: str, state: State) -> NDArray[Any]:
    kept = trace.recordings.get(population, {})
    if state in kept:
        return np.asarray(kept[state]).astype(KEPT_TYPES[state], copy=False)
    shape = trace.graph.population(population).shape
    return np.zeros((0, trace.time_steps, *shape), KEPT_TYPES[state])


def _recorded(recording: Recording | None) -> Iterator[tuple[str, State]]:
    for population, states in recording.states.items() if recording else ():
        for state in sorted(states):
            yield population, state


def _rows(name: str, recording: Recording | None, samples: int, ranks: Ranks) -> list[slice]:
    """Which rows of the whole array each process has."""
    rows: list[slice] = []
    for rank in range(ranks.number):
        part = ranks.share(samples, rank)
        if "/" in name:
            kept = part_of_recording(recording, part)
            first, last = kept.samples if kept and kept.samples else (0, 0)
            count = last - first
        else:
            count = part.stop - part.start
        start = rows[-1].stop if rows else 0
        rows.append(slice(start, start + count))
    return rows


def _with_arrays(trace: Trace, arrays: Arrays, recording: Recording | None) -> Trace:
    recordings: dict[str, dict[str, NDArray[Any]]] = {}
    for population, state in _recorded(recording):
        recordings.setdefault(population, {})[state] = arrays[f"{state}/{population}"]
    plain: dict[str, Any] = {name: array for name, array in arrays.items() if "/" not in name}
    return replace(trace, **plain, recordings=recordings)
