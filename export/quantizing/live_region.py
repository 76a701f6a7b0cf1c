"""Neurons that nobody reads, silenced where that lets pooling fold into a convolution.

2x2 pooling of 7 rows reads 6 of them. A padded convolution behind it needs zeros where the pooled
map ends, and the seventh row isn't one; but if nothing else reads that row either, its neurons may
as well never fire: with decay_v 4096 and the largest threshold, v > threshold takes a v that
saturates, which the emulator counts. What the others compute stays the same.
"""

from collections.abc import Iterable
from dataclasses import replace

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray, Population
from export.chip.limits import DECAY_ONE, THRESHOLD_MANT_MAX
from export.graph_order import OrderedNode
from export.quantizing.compose import folded
from export.quantizing.segments import Path, Segment, paths
from export.window import Pair, conv_window, pool_window


def live_regions(segments: Iterable[Segment]) -> dict[str, Pair]:
    """Rows and columns, from the first, that are read, of each population worth silencing.

    Only populations where a path becomes a convolution thereby are named.
    """
    outgoing: dict[str, list[Path]] = {}
    spiking = {segment.target for segment in segments if segment.neuron is not None}
    for segment in segments:
        for path in paths(segment):
            if path.source in spiking and len(path.given) == 3:
                outgoing.setdefault(path.source, []).append(path)
    regions = {}
    for source, ways in outgoing.items():
        read = [_read(path) for path in ways]
        rows, columns = (max(extent[axis] for extent in read) for axis in (0, 1))
        if (rows, columns) == ways[0].given[1:]:
            continue
        if any(folded(way) is None and folded(way, (rows, columns)) for way in ways):
            regions[source] = (rows, columns)
    return regions


def silenced(population: Population, live: Pair) -> Population:
    """The population with all neurons past these rows and columns kept from firing."""
    alive = np.zeros(population.shape, dtype=bool)
    alive[:, : live[0], : live[1]] = True
    return replace(
        population,
        decay_v=np.where(alive, population.decay_v, DECAY_ONE),
        threshold=np.where(alive, population.threshold, THRESHOLD_MANT_MAX),
        schedule=_silenced_steps(population, alive),
    )


def _silenced_steps(population: Population, alive: NDArray[np.bool_]) -> IntArray | None:
    if population.schedule is None:
        return None
    steps = [population.threshold_at(step) for step in range(len(population.schedule))]
    return np.stack([np.where(alive, step, THRESHOLD_MANT_MAX) for step in steps])


def _read(path: Path) -> Pair:
    """Rows and columns of the source, from the first, that a path looks at."""
    rows, columns = path.shape[1:] if len(path.shape) == 3 else (0, 0)
    for node in reversed(path.nodes):
        rows, columns = _read_by(node, (rows, columns))
    return (rows, columns)


def _read_by(node: OrderedNode, wanted: Pair) -> Pair:
    """Rows and columns of a node's input that these rows and columns of its output look at."""
    if isinstance(node.node, nir.Conv2d):
        window = conv_window(node.name, node.node)
    elif isinstance(node.node, nir.SumPool2d | nir.AvgPool2d):
        window = pool_window(node.name, node.node)
    else:
        rows, columns = node.given[1:] if len(node.given) == 3 else (0, 0)
        return (rows, columns)
    rows, columns = (
        min(
            node.given[axis + 1],
            (wanted[axis] - 1) * window.stride[axis] - window.before[axis] + window.reach[axis] + 1,
        )
        for axis in (0, 1)
    )
    return (rows, columns)
