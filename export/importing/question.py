"""What a file leaves open, as one line that names the options to give."""

from collections.abc import Mapping
from numbers import Real

import nir
import numpy as np

from export.importing.sizing import STATEFUL
from export.importing.writer import Writer

STEP_KEYS = ("dt", "dt_s")
"""Keys of a graph's metadata under which a writer may have put its step in seconds."""


def stated_step(graph: nir.NIRGraph) -> float | None:
    """The step that the graph's metadata names, in seconds; None if it names none."""
    metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
    for key in STEP_KEYS:
        value = metadata.get(key)
        value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
        if isinstance(value, Real) and np.isfinite(float(value)) and float(value) > 0:
            return float(value)
    return None


def question(graph: nir.NIRGraph, writers: Mapping[str, Writer]) -> str | None:
    """Which options decide what a flat graph means; None where nothing is open.

    Args:
        graph: of any writer, without our facts and without a step.
        writers: the table.
    """
    nodes = [node for node in graph.nodes.values() if type(node) in STATEFUL]
    timed = [node for node in nodes if not isinstance(node, nir.Threshold)]
    if not timed:
        return None
    fitting = [
        f"--assume {name} (dt {writer.dt_s:g} s)"
        for name, writer in writers.items()
        if writer.dt_s is not None and all(writer.may_have_written(node) for node in timed)
    ]
    could = f"It could be {', '.join(fitting)}. " if fitting else ""
    return (
        f"says neither its step dt nor who wrote it, and {_magnitudes(timed)} don't tell. {could}"
        "Add --assume WRITER, or --dt SECONDS to take NIR's equations as they stand"
    )


def _magnitudes(nodes: list[nir.NIRNode]) -> str:
    times = [
        np.ravel(getattr(node, key))
        for node in nodes
        for key in ("tau", "tau_mem", "tau_syn")
        if hasattr(node, key)
    ]
    if not times:
        return "neurons without time constants"
    values = np.concatenate(times)
    return f"time constants of {values.min():.3g} to {values.max():.3g}"
