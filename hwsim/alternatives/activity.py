"""How busy the network is: the few numbers that its comparison with an ANN turns on."""

import numpy as np

from export.chip.fanout import synapses
from export.chip.graph import ChipGraph, IntArray
from export.chip.limits import DECAY_ONE
from hwsim.engine.trace import Trace


def spikes_per_synapse(trace: Trace) -> float:
    """Spikes that a synapse gets in one inference: all synaptic operations / all synapses.

    Weighted by synapses, zero weights included. The host's first linear operation isn't in it; an
    input that enters as events is. 0 for a network without synapses.
    """
    stored = synapses(trace.graph)
    return 0.0 if stored == 0 else float(trace.synops.sum()) / trace.samples / stored


def mean_rate(trace: Trace) -> float:
    """Spikes per neuron and step; readout populations, which never fire, aren't in the mean."""
    columns = firing_columns(trace)
    chances = trace.samples * trace.time_steps * int(trace.neurons[columns].sum())
    return 0.0 if chances == 0 else float(trace.spikes[:, :, columns].sum()) / chances


def firing_columns(trace: Trace) -> IntArray:
    """Columns of the trace whose populations can fire: all but the readouts."""
    silent = {readout.population for readout in trace.graph.readouts}
    firing = [k for k, name in enumerate(trace.populations) if name not in silent]
    return np.array(firing, dtype=np.int64)


def updates_per_inference(trace: Trace) -> int:
    """Neuron updates: every neuron, every step of its window."""
    return int(trace.neurons.sum()) * trace.time_steps


def leaks(graph: ChipGraph) -> bool:
    """Whether a neuron that fires loses part of its voltage, or keeps part of its current."""
    silent = {readout.population for readout in graph.readouts}
    firing = [p for p in graph.populations if p.name not in silent]
    return any(
        bool(((p.decay_v > 0) & (p.decay_v < DECAY_ONE)).any() or (p.decay_u < DECAY_ONE).any())
        for p in firing
    )
