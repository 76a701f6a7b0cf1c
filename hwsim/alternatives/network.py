"""The spiking network against the ANN of equal architecture, in operations."""

from collections.abc import Iterator

from export.chip.fanout import fan_out
from hwsim.alternatives.activity import mean_rate, spikes_per_synapse
from hwsim.alternatives.bounds import printed_bounds
from hwsim.alternatives.priced import priced_pairs
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import Alternatives, DenseLayer

HOST = "host"
"""Name of the row of the first linear operation, which the host computes on real values."""


def alternatives(trace: Trace) -> Alternatives:
    """Counts both networks' operations and prices them; all counts are means per inference.

    The ANN has the same layers and runs once per inference: one multiply-accumulate per synapse,
    zero weights included, convolutions with true edges; a recurrent or delayed projection counts
    once too. The SNN does a synaptic operation per spike and synapse hit.

    Raises:
        SimulationError: the trace holds no counts per neuron (simulate with count_neurons=True).
        ChipError: a price list is damaged.
    """
    return Alternatives(
        layers=tuple(_layers(trace)),
        priced=priced_pairs(trace),
        bounds=printed_bounds(trace),
        spikes_per_synapse=spikes_per_synapse(trace),
        mean_rate=mean_rate(trace),
    )


def _layers(trace: Trace) -> Iterator[DenseLayer]:
    graph = trace.graph
    if graph.host is not None and graph.host.macs:
        macs = graph.host.macs
        yield DenseLayer(layer=HOST, macs=macs, synops=macs, spikes_in_per_synapse=None)
    synops = trace.synops.sum(axis=(0, 1)) / trace.samples
    for name, arrived in zip(trace.populations, synops.tolist(), strict=True):
        stored = sum(int(fan_out(graph, p).sum()) for p in graph.incoming(name))
        if stored:
            yield DenseLayer(
                layer=name, macs=stored, synops=arrived, spikes_in_per_synapse=arrived / stored
            )
