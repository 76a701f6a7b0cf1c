"""NeuroBench's metrics under its own names and rules, from exact counts.

Rules of the package neurobench 2.3.0 (https://github.com/NeuroBench/neurobench), each checked
against it in the tests. The network is the one on the chip: its integers, projections for
connection layers, populations that can fire for activation layers.
"""

from collections.abc import Iterator

import numpy as np

from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, Population
from hwsim.alternatives.activity import firing_columns
from hwsim.alternatives.arrivals import arrivals
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import NeuroBench

WEIGHT_BYTES = 1
"""A weight is an even number in [-256, 254]."""

BIAS_BYTES = DECAY_BYTES = 2
"""A bias has 12 bits and a sign, a decay 0 to 4096."""

THRESHOLD_BYTES = 4
"""A threshold has 17 bits."""

DELAY_BYTES = 1
"""A delay is 0 to 62."""

SPARSITY_DECIMALS = 4
"""To which the package rounds the connection sparsity."""


def neurobench_metrics(trace: Trace, accuracy: float | None = None) -> NeuroBench:
    """The metrics of the network on the chip, operations as means per inference.

    Activation sparsity is over all steps and samples. Effective operations skip weights and inputs
    that are zero: an event counts each of its non-zero synapses once, as an accumulate (AC) if it
    is a spike, as a multiply-accumulate (MAC) if it brings a payload. Dense counts every synapse
    in every one of the T steps. Neither counts biases, nor convolution taps in the padding.

    The host's first linear operation isn't part of the network on the chip: its weights, inputs
    and MACs are in none of the metrics.

    Args:
        trace: with counts per neuron; membrane updates need the voltage `v` of every population
            recorded over every sample too.
        accuracy: share of samples classified right; None if there are no labels.

    Raises:
        SimulationError: the trace holds no counts per neuron.
    """
    graph = trace.graph
    effective = _effective_operations(trace)
    payloads = effective.get(graph.input.name, 0.0) if graph.input.form == "graded" else 0.0
    return NeuroBench(
        footprint=footprint(graph),
        connection_sparsity=connection_sparsity(graph),
        parameter_count=parameter_count(graph),
        classification_accuracy=accuracy,
        activation_sparsity=activation_sparsity(trace),
        membrane_updates=membrane_updates(trace),
        effective_macs=payloads,
        effective_acs=sum(effective.values()) - payloads,
        dense=trace.time_steps * sum(int(fan_out(graph, p).sum()) for p in graph.projections),
        scope=" ".join(_scope(graph)),
    )


def parameter_count(graph: ChipGraph) -> int:
    """Weights, a convolution's once, and biases where a population has any."""
    weights = sum(projection.weight.size for projection in graph.projections)
    return weights + sum(_biases(population) for population in graph.populations)


def footprint(graph: ChipGraph) -> int:
    """Bytes of parameters and buffers, each number in the smallest integer type that holds it.

    Parameters are weights (1 byte) and biases (2); buffers are thresholds (4), decays (2 each) and
    delays (1), in the shapes in which the graph holds them: one number for a whole population, or
    one for each of its neurons.
    """
    weights = sum(projection.weight.size for projection in graph.projections)
    neurons = sum(
        _biases(p) * BIAS_BYTES
        + (p.threshold if p.schedule is None else p.schedule).size * THRESHOLD_BYTES
        + (p.decay_u.size + p.decay_v.size) * DECAY_BYTES
        for p in graph.populations
    )
    return weights * WEIGHT_BYTES + neurons + sum(_delays(graph)) * DELAY_BYTES


def connection_sparsity(graph: ChipGraph) -> float:
    """Share of weights that are zero, rounded to 4 decimals; 0 where there are no weights."""
    weights = sum(projection.weight.size for projection in graph.projections)
    zeros = sum(int((projection.weight == 0).sum()) for projection in graph.projections)
    return 0.0 if weights == 0 else round(zeros / weights, SPARSITY_DECIMALS)


def activation_sparsity(trace: Trace) -> float:
    """Share of outputs that are zero, over steps, samples and neurons of firing populations.

    Readouts aren't in it: they never fire, and would only raise the share. 0, as the package has
    it, where nothing can fire.
    """
    columns = firing_columns(trace)
    outputs = trace.samples * trace.time_steps * int(trace.neurons[columns].sum())
    return 0.0 if outputs == 0 else 1 - int(trace.spikes[:, :, columns].sum()) / outputs


def membrane_updates(trace: Trace) -> float | None:
    """Membranes that changed from one step's end to the next's; in the first step, all of them.

    Of firing populations. Counts can't tell them: a membrane at rest on its bias is active without
    changing. So this is None unless `v` was recorded for all samples.
    """
    names = [trace.populations[k] for k in firing_columns(trace)]
    kept = [trace.recordings.get(name, {}).get("v") for name in names]
    changed = 0
    for voltages in kept:
        if voltages is None or len(voltages) != trace.samples:
            return None
        changed += voltages[:, 0].size + int(np.count_nonzero(np.diff(voltages, axis=1)))
    return changed / trace.samples


def _scope(graph: ChipGraph) -> Iterator[str]:
    yield (
        "The network on the chip, in its integers; readouts, which never fire, aren't among the "
        "activations and membranes."
    )
    if graph.host is not None and graph.host.macs:
        yield (
            "The host's first linear operation isn't in these numbers. Done once for a still "
            "input, or once per step of a sequence, it would add its parameters, "
            f"{graph.host.macs:,} dense operations per inference, and as many effective MACs less "
            "those with a zero input or weight."
        )


def _effective_operations(trace: Trace) -> dict[str, float]:
    """Per source, events per inference times the non-zero synapses that each hits."""
    found: dict[str, float] = {}
    for projection in trace.graph.projections:
        hits = sum(float(part.events @ part.nonzero) for part in arrivals(trace, projection))
        found[projection.source] = found.get(projection.source, 0.0) + hits
    return found


def _biases(population: Population) -> int:
    return population.bias.size if population.bias.any() else 0


def _delays(graph: ChipGraph) -> Iterator[int]:
    """How many delays each projection stores."""
    for projection in graph.projections:
        if isinstance(projection, ConvProjection):
            yield int(projection.delay > 0)
        else:
            yield 0 if projection.delay is None else projection.delay.size
