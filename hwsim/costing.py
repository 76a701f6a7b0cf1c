"""What one inference costs on a chip: from counted events to a report."""

from dataclasses import replace
from pathlib import Path

from export.chip.check_graph import check_graph
from export.chip.fanout import synapses
from export.chip.graph import ChipGraph
from hwsim.assumptions import assumptions
from hwsim.chip import Chip, load_chip
from hwsim.cost_rows import chip_use, constant_rows, layer_rows, source_rows, step_rows
from hwsim.energy import estimate_energy, host_macs
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.event_table import event_table
from hwsim.events import count_events
from hwsim.latency import estimate_latency
from hwsim.placement import place
from hwsim.report.chip_cost import EnergyTerms, LatencyTotals
from hwsim.report.model import Accuracy, Network, Report
from hwsim.routes import route
from hwsim.silicon_notes import silicon_notes


def cost(trace: Trace, chip: Chip | str | Path) -> Report:
    """Estimates energy and latency of one inference, mean over the trace's samples.

    Accuracies and the run's own facts are left empty: `with_run_facts` adds them.

    Args:
        trace: counted events of at least one sample.
        chip: a chip, the name of one that ships with the tool, or a path to a .toml file.

    Raises:
        ChipError: the chip is unknown or damaged, doesn't take the network's input form, no chip
            could run the network, or the trace doesn't belong to its graph or holds no sample.
        InvalidGraph: the trace's graph contradicts itself.
    """
    chip = chip if isinstance(chip, Chip) else load_chip(chip)
    check_graph(trace.graph)
    _refuse_schedules(trace.graph)
    trace = _in_trace_order(trace)
    graph = trace.graph
    _check_counts(trace)
    _check_input_form(trace, chip)
    placement = place(graph, chip)
    routes = route(graph, placement)
    events = count_events(trace, routes)
    latency = estimate_latency(trace, placement, routes, chip)
    energy = estimate_energy(graph, events, placement, routes, latency, chip)
    priced = event_table(graph, events, placement, routes, latency, chip)
    return Report(
        network=Network(
            neurons=int(trace.neurons.sum()),
            synapses=synapses(graph),
            time_steps=trace.time_steps,
        ),
        accuracy=Accuracy(),
        layers=layer_rows(trace, events, placement, energy),
        energy_j=EnergyTerms(total=energy.total, **energy.terms),
        latency_s=LatencyTotals(
            total=latency.total_s,
            per_step=latency.total_s / latency.steps,
            steps=latency.steps,
            barrier_per_step=latency.barrier_s,
            slowest_sample=float(latency.samples_s.max()),
        ),
        chip=chip_use(placement, chip),
        assumptions=assumptions(trace, placement, routes, latency, chip),
        sources=source_rows(chip),
        simulated_samples=trace.samples,
        host_macs=host_macs(graph),
        steps=step_rows(trace, latency, energy),
        events=priced,
        constants=constant_rows(chip),
        silicon=silicon_notes(trace),
    )


def _refuse_schedules(graph: ChipGraph) -> None:
    for name in graph.scheduled:
        raise ChipError(
            f"population '{name}': its threshold changes from step to step, which no chip holds, "
            "so it has no energy and no latency. Freeze the network with threshold strategy mean, "
            "calibrated or finetune."
        )


def _in_trace_order(trace: Trace) -> Trace:
    """The trace with its graph's populations in the order of its columns."""
    stored = {population.name: population for population in trace.graph.populations}
    if sorted(trace.populations) != sorted(stored):
        raise ChipError(
            f"trace: its populations {', '.join(trace.populations)} aren't the graph's "
            f"{', '.join(stored)}. Simulate the graph again."
        )
    ordered = tuple(stored[name] for name in trace.populations)
    return replace(trace, graph=replace(trace.graph, populations=ordered))


def _check_counts(trace: Trace) -> None:
    if trace.samples < 1 or trace.time_steps < 1:
        raise ChipError(
            f"trace: {trace.samples} samples over {trace.time_steps} steps leave nothing to "
            "average. Simulate at least one sample."
        )


def _check_input_form(trace: Trace, chip: Chip) -> None:
    form, taken = trace.graph.input.form, chip.inputs.forms.value
    if form not in taken:
        raise ChipError(
            f"chip '{chip.name}': input form '{form}' isn't among those it takes "
            f"({', '.join(taken)}). Choose another chip or quantise with another input form."
        )
