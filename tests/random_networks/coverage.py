"""Which features a network has, read off the finished graph, and the table of all of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, IntArray
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.timing import timing_of
from hwsim.engine.drive import ResetRule
from tests.random_networks.edges import EDGES

FEATURES = (
    "dense", "odd weights", "weights at -256 and 254", "no negative weight", "no positive weight",
    "delay per synapse", "delay per output", "one delay for a layer", "dense onto maps",
    "maps into dense", "convolution", "stride", "padding", "dilation", "groups", "rectangular",
    "delayed convolution", "feeds itself", "convolution feeds itself", "loop over populations",
    "branch", "spike sum", "current sum", "two projections between one pair",
    "input reaches two layers", "no projection reaches it", "balanced by delays",
    "unbalanced ways", "readout", "several readouts", "bias input, held", "bias input, stepwise",
    "spikes", "graded payloads", "negative payloads", "hidden biases", "per-neuron parameters",
    "nothing kept", "everything kept", "samples end to end", "one stream without resets",
)  # fmt: skip
"""Of the graph, its inputs or the way it runs; each counts once per network."""


def features_of(graph: ChipGraph, inputs: IntArray, reset: ResetRule) -> set[str]:
    """The features of one network."""
    found = _of_ways(graph, reset) | _of_input(graph, inputs, reset)
    for projection in graph.projections:
        if isinstance(projection, ConvProjection):
            found |= _of_convolution(projection)
        else:
            found |= _of_matrix(graph, projection)
    for population in graph.populations:
        arrays = (population.decay_u, population.decay_v, population.threshold)
        marks = {
            "hidden biases": population.bias.any(),
            "per-neuron parameters": all(array.ndim for array in arrays),
            "nothing kept": (population.decay_u == 4096).any(),
            "everything kept": (population.decay_v == 0).any()
            and (population.threshold != THRESHOLD_MANT_MAX).any(),
        }
        found |= {mark for mark, here in marks.items() if here}
    return found


def _of_ways(graph: ChipGraph, reset: ResetRule) -> set[str]:
    timing = timing_of(graph)
    forward = [p for k, p in enumerate(graph.projections) if k not in timing.feedback]
    sources: dict[str, list[str]] = {}
    for p in forward:
        sources.setdefault(p.target, []).append(p.source)
    summed = [p for p in forward if len(sources[p.target]) > 1]
    alike = [p for p in summed for q in summed if p is not q and p.target == q.target
             and np.array_equal(p.weight, q.weight)]  # fmt: skip
    lags = {timing.depth[p.source] + 1 - timing.depth[p.target] for p in summed}
    marks = {
        "feeds itself": any(p.source == p.target for p in graph.projections),
        "loop over populations": any(len(group) > 1 for group in timing.groups),
        "convolution feeds itself": any(
            isinstance(p, ConvProjection) and p.source == p.target for p in graph.projections
        ),
        "two projections between one pair": len({(p.source, p.target) for p in graph.projections})
        < len(graph.projections),
        "input reaches two layers": len(graph.outgoing(graph.input.name)) > 1,
        "no projection reaches it": any(
            not graph.incoming(p.name) and p.name != graph.input.name for p in graph.populations
        ),
        "branch": max(Counter(p.source for p in forward).values()) > 1,
        "spike sum": bool(alike),
        "current sum": len(summed) > len(alike),
        "balanced by delays": reset == "staggered" and lags - {0} != set(),
        "unbalanced ways": reset == "none" and lags - {0} != set(),
        "several readouts": len(graph.readouts) > 1,
        "readout": bool(graph.readouts),
    }
    return {mark for mark, here in marks.items() if here}


def _of_input(graph: ChipGraph, inputs: IntArray, reset: ResetRule) -> set[str]:
    held = inputs.ndim == 1 + len(graph.input.shape)
    kinds = {"spikes": "spikes", "graded": "graded payloads",
             "bias": "bias input, held" if held else "bias input, stepwise"}  # fmt: skip
    found = {kinds[graph.input.form]}
    if graph.input.form == "graded" and inputs.min() < 0:
        found.add("negative payloads")
    several = reset == "staggered" and len(inputs) > 1
    return found | {"samples end to end" if several else "one stream without resets"}


def _of_convolution(projection: ConvProjection) -> set[str]:
    shapes = (projection.weight.shape[2:], projection.stride, projection.dilation)
    marks = {
        "convolution": True,
        "stride": max(projection.stride) > 1,
        "padding": max(projection.padding) > 0,
        "dilation": max(projection.dilation) > 1 and max(projection.weight.shape[2:]) > 1,
        "groups": projection.groups > 1,
        "rectangular": any(rows != columns for rows, columns in shapes),
        "delayed convolution": projection.delay > 0,
    }
    return {mark for mark, here in marks.items() if here} | _of_weights(projection.weight)


def _of_matrix(graph: ChipGraph, projection: DenseProjection) -> set[str]:
    delay = projection.delay
    per_output = delay is not None and bool((delay == delay[:, :1]).all())
    one = delay is not None and bool((delay == delay[0, 0]).all())
    marks = {
        "dense": True,
        "no negative weight": projection.weight.min() >= 0,
        "no positive weight": projection.weight.max() <= 0,
        "delay per synapse": delay is not None and not per_output,
        "delay per output": per_output and not one,
        "one delay for a layer": one and delay is not None and bool(delay.any()),
        "dense onto maps": len(graph.population(projection.target).shape) == 3,
        "maps into dense": len(graph.source_shape(projection.source)) == 3,
    }
    return {mark for mark, here in marks.items() if here} | _of_weights(projection.weight)


def _of_weights(weight: IntArray) -> set[str]:
    marks = {
        "odd weights": bool((weight % 2).any()),
        "weights at -256 and 254": weight.min() == -256 and weight.max() == 254,
    }
    return {mark for mark, here in marks.items() if here}


@dataclass(frozen=True)
class Row:
    """One line of the table: how many networks, and events in neuron-steps (edges only)."""

    what: str
    networks: int
    events: int | None


def rows_of(found: Iterable[tuple[set[str], Mapping[str, int]]]) -> list[Row]:
    """The table of many networks' features and edges."""
    each = list(found)
    rows = [Row(name, sum(name in features for features, _ in each), None) for name in FEATURES]
    for name in EDGES:
        events = [edges[name] for _, edges in each]
        rows.append(Row(name, sum(count > 0 for count in events), sum(events)))
    return rows


def table(rows: Iterable[Row]) -> str:
    """The rows as text."""
    lines = [f"{'feature':36}{'networks':>10}{'events':>14}"]
    for row in rows:
        events = "" if row.events is None else f"{row.events:,}"
        lines.append(f"{row.what:36}{row.networks:>10}{events:>14}")
    return "\n".join(lines)
