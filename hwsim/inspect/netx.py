"""Looking into a chip file: Lava's netx, or a chip graph (`.chip.h5`)."""

from pathlib import Path

from export.chip.check_graph import label
from export.chip.chip_file import holds_graph
from export.chip.fanout import fan_out, synapses
from export.chip.graph import ChipGraph, ConvProjection, Population, Projection, Readout
from export.chip.graph_file import read_graph_file
from export.chip.netx_read import read_netx_reported
from export.chip.timing import delays_of, timing_of
from hwsim.inspect.table import Inspection, range_text, shape_text, values_text


def inspect_netx(path: Path) -> Inspection:
    """Populations in order, with synapses and integer ranges, and what Lava does in silence.

    A graph's projections follow its populations, one row each.
    """
    if holds_graph(path):
        graph = read_graph_file(path)
        return _inspection(path, graph, "chip graph", (), tuple(_edges(graph)))
    graph, notes = read_netx_reported(path)
    told = tuple(f"note: {note}".replace(f"{path}: ", "", 1) for note in notes)
    return _inspection(path, graph, "netx file", told, ())


def _inspection(
    path: Path,
    graph: ChipGraph,
    kind: str,
    notes: tuple[str, ...],
    edges: tuple[tuple[str, ...], ...],
) -> Inspection:
    neurons = sum(population.neurons for population in graph.populations)
    counted = f", {len(graph.projections)} projections" if edges else ""
    populations = tuple(
        _row(graph, population, whole=not edges) for population in graph.populations
    )
    return Inspection(
        title=f"{path}: {kind}, {len(graph.populations)} populations{counted}, {neurons:,} "
        f"neurons, {synapses(graph):,} synapses",
        facts=(_facts(graph), *notes),
        columns=("population", "shape", "neurons", "synapses in", "parameters"),
        rows=(*populations, *edges),
    )


def _facts(graph: ChipGraph) -> str:
    steps = "not recorded" if graph.time_steps is None else str(graph.time_steps)
    entering = f"input '{graph.input.name}' as {graph.input.form} {shape_text(graph.input.shape)}"
    readouts = ", ".join(_readout(readout) for readout in graph.readouts) or "none"
    host = "" if graph.host is None else f"; host: {graph.host.macs:,} multiply-accumulates"
    return f"T = {steps}; {entering}; readout: {readouts}{host}"


def _readout(readout: Readout) -> str:
    if readout.weights is None:
        return f"voltage of '{readout.population}'"
    return (
        f"voltage of '{readout.population}' after each step, steps weighted "
        f"{values_text(readout.weights)}"
    )


def _row(graph: ChipGraph, population: Population, *, whole: bool) -> tuple[str, ...]:
    incoming = graph.incoming(population.name)
    parameters = [
        f"{key} {range_text(getattr(population, key))}"
        for key in ("decay_u", "decay_v", "threshold", "bias")
    ]
    if population.schedule is not None:
        steps = len(population.schedule)
        parameters.append(f"threshold of each of {steps} steps {range_text(population.schedule)}")
    if whole:
        parameters += [_weights(projection) for projection in incoming]
    hit = sum(int(fan_out(graph, projection).sum()) for projection in incoming)
    return (
        population.name,
        shape_text(population.shape),
        f"{population.neurons:,}",
        f"{hit:,}",
        "; ".join(parameters),
    )


def _weights(projection: Projection) -> str:
    kind = "conv" if isinstance(projection, ConvProjection) else "dense"
    return f"{kind} {shape_text(projection.weight.shape)}: {range_text(projection.weight)}"


def _edges(graph: ChipGraph) -> list[tuple[str, ...]]:
    feedback = timing_of(graph).feedback
    return [
        (
            label(projection),
            shape_text(projection.weight.shape),
            "",
            f"{int(fan_out(graph, projection).sum()):,}",
            "; ".join(_edge_parameters(projection, feedback=k in feedback)),
        )
        for k, projection in enumerate(graph.projections)
    ]


def _edge_parameters(projection: Projection, *, feedback: bool) -> list[str]:
    parameters = [_weights(projection)]
    if isinstance(projection, ConvProjection):
        geometry = ("stride", "padding", "dilation")
        parameters += [f"{key} {shape_text(getattr(projection, key))}" for key in geometry]
        parameters.append(f"groups {projection.groups}")
    delays = delays_of(projection)
    if delays.any():
        parameters.append(f"delay {range_text(delays)}")
    if feedback:
        parameters.append("feedback")
    return parameters
