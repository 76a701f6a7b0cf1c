"""Counts by neuron in an array file: written in the smallest type, and held to the totals."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.tally import senders
from hwsim.engine.trace import Trace
from trainers.errors import FileError

SPIKES, ACTIVE = "spikes_of", "active_of"
TOTALS = {SPIKES: "spikes", ACTIVE: "active_updates"}
"""Arrays by neuron and the ones that they add up to."""

TYPES = tuple(np.dtype(kind) for kind in (np.uint8, np.uint16, np.uint32, np.int64))
"""The first that holds an array's largest value is taken."""

Arrays = Mapping[str, NDArray[Any]]


def is_neuron_count(name: str) -> bool:
    """Whether an array of a trace's file is by neuron, as its name says."""
    kind, slash, _ = name.partition("/")
    return bool(slash) and kind in TOTALS


def neuron_count_arrays(trace: Trace) -> dict[str, NDArray[Any]]:
    """A trace's counts by neuron as they are stored; none where they weren't counted."""
    counted = {SPIKES: trace.neuron_spikes, ACTIVE: trace.neuron_active}
    return {
        f"{kind}/{name}": _narrowed(values)
        for kind, counts in counted.items()
        for name, values in counts.items()
    }


def neuron_counts(
    path: Path, arrays: Arrays, graph: ChipGraph, order: tuple[str, ...]
) -> tuple[dict[str, IntArray], dict[str, IntArray]]:
    """Spikes and active updates by neuron, int64; both empty where they weren't counted.

    Args:
        path: the file, for messages.
        arrays: all of its arrays; counts per population already have their types and shapes.
        graph: the network.
        order: its populations, as the columns of the counts per population.

    Raises:
        FileError: one is missing, has another type or shape, a count that can't be, or other sums
            than the counts per population.
    """
    if not any(is_neuron_count(name) for name in arrays):
        return {}, {}
    expected = {SPIKES: senders(graph, order), ACTIVE: order}
    steps = arrays["spikes"].shape[1]

    def read(kind: str) -> dict[str, IntArray]:
        return {
            name: _checked(path, arrays, f"{kind}/{name}", (steps, prod(graph.source_shape(name))))
            for name in expected[kind]
        }

    found = {kind: read(kind) for kind in TOTALS}
    known = {f"{kind}/{name}" for kind, names in expected.items() for name in names}
    for name in arrays:
        if is_neuron_count(name) and name not in known:
            raise FileError(
                f"{path}: array '{name}' is of nothing in this network. Simulate it again."
            )
    for kind, total in TOTALS.items():
        _check_sums(path, arrays, kind, total, found[kind], order)
    return found[SPIKES], found[ACTIVE]


def _checked(path: Path, arrays: Arrays, name: str, shape: tuple[int, ...]) -> IntArray:
    if name not in arrays or arrays[name].shape != shape:
        given = arrays[name].shape if name in arrays else "nothing"
        raise FileError(
            f"{path}: array '{name}' has shape {given}, expected {shape}. Simulate again."
        )
    values = arrays[name]
    if values.dtype not in TYPES:
        raise FileError(
            f"{path}: array '{name}' has dtype {values.dtype}, expected one of "
            f"{', '.join(str(kind) for kind in TYPES)}. Simulate again."
        )
    samples = len(arrays["spikes"])
    lowest, highest = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if lowest < 0 or highest > samples:
        raise FileError(
            f"{path}: array '{name}' holds {lowest if lowest < 0 else highest}, but in {samples} "
            f"samples a neuron can count 0 to {samples} in a step. Simulate again."
        )
    return values.astype(np.int64)


def _check_sums(
    path: Path,
    arrays: Arrays,
    kind: str,
    total: str,
    counts: Mapping[str, IntArray],
    order: tuple[str, ...],
) -> None:
    sums = arrays[total].sum(axis=0)
    for column, name in enumerate(order):
        differs = counts[name].sum(axis=1) != sums[:, column]
        if differs.any():
            step = int(differs.argmax())
            raise FileError(
                f"{path}: array '{kind}/{name}' adds up to {int(counts[name][step].sum())} at step "
                f"{step + 1}, but '{total}' to {int(sums[step, column])}. Simulate again."
            )


def _narrowed(values: IntArray) -> NDArray[Any]:
    largest = int(values.max(initial=0))
    kind = np.min_scalar_type(largest)
    return values.astype(kind if kind in TYPES else np.int64)
