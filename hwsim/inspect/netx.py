"""Looking into a netx file."""

from pathlib import Path

from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, Population, Readout
from export.chip.netx_read import read_netx
from hwsim.inspect.table import Inspection, range_text, shape_text, values_text


def inspect_netx(path: Path) -> Inspection:
    """Populations in order, with synapses and integer ranges."""
    graph = read_netx(path)
    neurons = sum(population.neurons for population in graph.populations)
    synapses = sum(int(fan_out(graph, projection).sum()) for projection in graph.projections)
    return Inspection(
        title=f"{path}: netx file, {len(graph.populations)} populations, {neurons:,} neurons, "
        f"{synapses:,} synapses",
        facts=_facts(graph),
        columns=("population", "shape", "neurons", "synapses in", "parameters"),
        rows=tuple(_row(graph, population) for population in graph.populations),
    )


def _facts(graph: ChipGraph) -> tuple[str, ...]:
    steps = "not recorded" if graph.time_steps is None else str(graph.time_steps)
    entering = f"input '{graph.input.name}' as {graph.input.form} {shape_text(graph.input.shape)}"
    readout = "none" if graph.readout is None else _readout(graph.readout)
    host = "" if graph.host is None else f"; host: {graph.host.macs:,} multiply-accumulates"
    return (f"T = {steps}; {entering}; readout: {readout}{host}",)


def _readout(readout: Readout) -> str:
    if readout.weights is None:
        return f"voltage of '{readout.population}'"
    return (
        f"voltage of '{readout.population}' after each step, steps weighted "
        f"{values_text(readout.weights)}"
    )


def _row(graph: ChipGraph, population: Population) -> tuple[str, ...]:
    incoming = graph.incoming(population.name)
    parameters = [
        f"{key} {range_text(getattr(population, key))}"
        for key in ("decay_u", "decay_v", "threshold", "bias")
    ]
    parameters += [
        f"{'conv' if isinstance(projection, ConvProjection) else 'dense'} "
        f"{shape_text(projection.weight.shape)}: {range_text(projection.weight)}"
        for projection in incoming
    ]
    synapses = sum(int(fan_out(graph, projection).sum()) for projection in incoming)
    return (
        population.name,
        shape_text(population.shape),
        f"{population.neurons:,}",
        f"{synapses:,}",
        "; ".join(parameters),
    )
