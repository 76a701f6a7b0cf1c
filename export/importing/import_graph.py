"""From any NIR graph to a frozen network: what its writer meant, in the book's encoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import nir
import numpy as np

from export.errors import AmbiguousGraph, InvalidGraph
from export.flattened import flattened
from export.graph_order import in_order
from export.importing.interpretation import Interpretation, meaning
from export.importing.question import question, stated_step
from export.importing.reading import Reading
from export.importing.recurrence import with_lags, with_steady_bias
from export.importing.sizing import STATEFUL, sized
from export.importing.writer import Writer
from export.importing.writers import WRITERS
from export.nir_file import refuse_non_finite
from export.nir_metadata import (
    METADATA_KEY,
    NOMINAL_DT_S,
    FrozenFacts,
    InputFacts,
    attach_facts,
    read_facts,
)
from export.own_version import own_version
from trainers.errors import ConfigError


@dataclass(frozen=True)
class Imported:
    """A network from elsewhere.

    Args:
        graph: frozen network in the book's encoding, without facts yet unless it is our own.
        interpretation: how it was read.
        readings: per node with a state.
    """

    graph: nir.NIRGraph
    interpretation: Interpretation
    readings: Mapping[str, Reading]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample at one step."""
        return in_order(self.graph, unfolded=True, loops=True)[0].shape


def import_graph(
    graph: nir.NIRGraph, *, dt_s: float | None = None, assume: str | None = None
) -> Imported:
    """Reads a graph as its writer meant it.

    Args:
        graph: of anybody; left as it was.
        dt_s: step in seconds that it was written with.
        assume: key of WRITERS.

    Raises:
        AmbiguousGraph: neither the graph nor the options say what its numbers mean.
        ConfigError: options that don't go with the graph, or an unknown writer.
        InvalidGraph: it contradicts itself, or can't be stepped at that dt.
        UnsupportedLayer: a node that nothing here runs.
    """
    if METADATA_KEY in (graph.metadata if isinstance(graph.metadata, dict) else {}):
        return _own(graph, dt_s, assume)
    refuse_non_finite(graph, "NIR graph")
    stated = stated_step(graph)
    writer_name, writer, step = _chosen(graph, dt_s, assume, stated)
    flat = flattened(writer.rewired(graph))
    _refuse_no_time(flat)
    with np.errstate(all="ignore"):
        readings = {
            name: writer.read(name, node, step)
            for name, node in flat.nodes.items()
            if type(node) in STATEFUL
        }
    nodes = {
        name: readings[name].node if name in readings else flat.nodes[name] for name in flat.nodes
    }
    read = nir.NIRGraph(nodes, flat.edges, metadata={}, type_check=False)
    if any(reading.lag for reading in readings.values()):
        read = with_lags(read, readings, step)
    if writer.steady_bias:
        read = with_steady_bias(read)
    full = sized(read, batch_in_shapes=writer.batch_in_shapes)
    in_order(full, unfolded=True, loops=True)
    meanings = tuple(
        meaning(name, full.nodes[name], reading, step) for name, reading in readings.items()
    )
    interpretation = Interpretation(
        writer=writer_name,
        title=writer.title,
        dt_s=step,
        stated=stated is not None and dt_s is None,
        nodes=meanings,
    )
    return Imported(full, interpretation, readings)


def with_run(
    imported: Imported, *, time_steps: int, form: Literal["static", "sequence"]
) -> nir.NIRGraph:
    """The frozen network with the facts that NIR has no field for.

    Args:
        imported: a foreign one; our own has its facts already.
        time_steps: T.
        form: how samples enter.
    """
    readings = imported.readings
    facts = FrozenFacts(
        spikeport=own_version(),
        dt_s=imported.interpretation.dt_s,
        time_steps=time_steps,
        input=InputFacts(form=form, shape=imported.shape),
        resets={name: found.reset for name, found in readings.items() if found.reset != "zero"},
    )
    graph = nir.NIRGraph(
        dict(imported.graph.nodes), list(imported.graph.edges), metadata={}, type_check=False
    )
    attach_facts(graph, facts)
    return graph


def _own(graph: nir.NIRGraph, dt_s: float | None, assume: str | None) -> Imported:
    if dt_s is not None or assume is not None:
        raise ConfigError(
            "--dt, --assume: spikeport wrote this file, and it says both itself. Leave them away."
        )
    facts = read_facts(graph)
    readings = {
        node.name: Reading(node.node, facts.resets.get(node.name, "zero"))
        for node in in_order(graph, unfolded=True, loops=True)
        if type(node.node) in STATEFUL
    }
    meanings = tuple(
        meaning(name, reading.node, reading, facts.dt_s) for name, reading in readings.items()
    )
    interpretation = Interpretation(
        writer="spikeport", title="spikeport", dt_s=facts.dt_s, stated=True, nodes=meanings
    )
    return Imported(graph, interpretation, readings)


def _chosen(
    graph: nir.NIRGraph, dt_s: float | None, assume: str | None, stated: float | None
) -> tuple[str, Writer, float]:
    if assume is not None and assume not in WRITERS:
        raise ConfigError(f"--assume {assume}: unknown. Choose one of {', '.join(WRITERS)}.")
    if dt_s is not None and not (np.isfinite(dt_s) and dt_s > 0):
        raise ConfigError(f"--dt {dt_s:g}: a step is a time above 0 in seconds, e.g. 1e-4.")
    step = dt_s if dt_s is not None else stated
    if assume is None:
        asked = None if step is not None else question(flattened(graph), WRITERS)
        if asked is not None:
            raise AmbiguousGraph(f"{asked}.")
        return "euler", WRITERS["euler"], step or NOMINAL_DT_S
    writer = WRITERS[assume]
    step = step if step is not None else writer.dt_s
    if step is None:
        raise AmbiguousGraph(f"--assume {assume} needs the step too. Add --dt SECONDS.")
    return assume, writer, step


def _refuse_no_time(graph: nir.NIRGraph) -> None:
    for name, node in graph.nodes.items():
        for key in ("tau", "tau_mem", "tau_syn"):
            values = getattr(node, key, None)
            if values is not None and not (np.asarray(values, dtype=np.float64) > 0).all():
                raise InvalidGraph(
                    f"NIR node '{name}': {key} = {float(np.min(values)):g} must be above 0. Export "
                    "it again."
                )
