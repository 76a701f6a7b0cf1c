"""One tool that writes NIR files, as far as reading them needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir

from export.importing.reading import Reading

Read = Callable[[str, Any, float], Reading]
"""(name, node, dt in seconds) -> what the writer meant; for nodes with a state."""


def _as_it_is(graph: nir.NIRGraph) -> nir.NIRGraph:
    return graph


@dataclass(frozen=True)
class Writer:
    """One row of the table of writers.

    Args:
        title: the tool, for messages.
        dt_s: step of files that don't say it; None where it must be given.
        read: what a node with a state means.
        batch_in_shapes: its Input shapes count the batch, and perhaps the time.
        may_have_written: whether a node with a state could come from it, for the question that
            an ambiguous file is answered with.
        rewired: the graph with edges as the tool runs them, where it writes others.
        steady_bias: its recurrent weights' bias acts in the first step too.
    """

    title: str
    dt_s: float | None
    read: Read
    may_have_written: Callable[[nir.NIRNode], bool]
    batch_in_shapes: bool = False
    rewired: Callable[[nir.NIRGraph], nir.NIRGraph] = _as_it_is
    steady_bias: bool = False
