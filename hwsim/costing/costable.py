"""Whether a trace can be costed on a chip, and in which order its populations stand."""

from dataclasses import replace

from export.chip.graph import ChipGraph
from hwsim.chips.chip import Chip
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError


def costable(trace: Trace, chip: Chip) -> Trace:
    """The trace with its graph's populations in the order of its columns.

    Raises:
        ChipError: no chip could run the network, the chip doesn't take its input form, or the
            trace doesn't belong to its graph or holds no sample.
    """
    _refuse_schedules(trace.graph)
    trace = _in_trace_order(trace)
    _check_counts(trace)
    _check_input_form(trace, chip)
    return trace


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
