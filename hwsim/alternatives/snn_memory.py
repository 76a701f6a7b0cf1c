"""The spiking network's energy with memory, after Lemaire et al. 2022 (arXiv 2210.13107)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, Projection
from hwsim.alternatives.arrivals import Arrivals, arrivals
from hwsim.alternatives.layer_memory import (
    LayerMemory,
    decays,
    kernel_size,
    layer_memories,
    memory_of,
    states,
)
from hwsim.alternatives.split import SplitEnergy
from hwsim.chips.devices import Device
from hwsim.engine.trace import Trace

ADDRESS_MACS = 2
"""Multiply-accumulates that find the first output which a spike reaches in a convolution."""


def snn_energy(trace: Trace, device: Device) -> SplitEnergy:
    """One inference of the SNN, joules.

    Activity: per synaptic operation an addition (a payload's: a multiply-accumulate), the weight
    read, the potential read and written; per event the message read, and the addresses of its
    synapses (convolution: 2 MAC + Cout * k^2 ACC, dense: Nout ACC); per spike the reset and the
    message written.

    Fixed: per neuron and step every state (voltage, and current if it lasts) read and written, a
    multiply-accumulate for each that decays, the bias read and added; the host's MACs.

    Raises:
        ChipError: the device has no memory model.
        SimulationError: the trace holds no counts per neuron.
    """
    graph = trace.graph
    memories = tuple(layer_memories(trace, device))
    host = 0 if graph.host is None else graph.host.macs
    fired = trace.spikes.sum(axis=(0, 1)) / trace.samples
    arrived = [
        (memory, projection, tuple(arrivals(trace, projection)))
        for memory in memories
        for projection in memory.incoming
    ]
    return SplitEnergy(
        fixed=host * memory_of(device).mac_j.value
        + sum(_updates_j(memory) for memory in memories) * trace.time_steps,
        moving=sum(_events_j(graph, *layer) for layer in arrived)
        + sum(_spikes_j(m, spikes) for m, spikes in zip(memories, fired.tolist(), strict=True)),
        moving_at_one=sum(_events_j(graph, m, p, _one_each(parts)) for m, p, parts in arrived)
        + sum(_spikes_j(memory, memory.population.neurons) for memory in memories),
    )


def _updates_j(memory: LayerMemory) -> float:
    """All neurons, one step."""
    population = memory.population
    accesses = 2 * states(population) * memory.neuron_access_j
    return population.neurons * (accesses + decays(population) * memory.mac_j) + memory.bias_pass_j


def _events_j(
    graph: ChipGraph, memory: LayerMemory, projection: Projection, parts: Sequence[Arrivals]
) -> float:
    events = float(parts[0].events.sum())
    synops = sum(float(part.events @ part.stored) for part in parts)
    payload = projection.source == graph.input.name and graph.input.form == "graded"
    operation = memory.mac_j if payload else memory.add_j
    accesses = memory.parameter_access_j + 2 * memory.neuron_access_j
    if isinstance(projection, ConvProjection):
        channels = projection.weight.shape[0] // projection.groups
        reached = channels * kernel_size(projection) * memory.add_j
        addressing = events * (ADDRESS_MACS * memory.mac_j + reached)
    else:
        addressing = synops * memory.add_j
    reading = events * memory.queue_access_j
    return float(synops * (operation + accesses) + addressing + reading)


def _spikes_j(memory: LayerMemory, spikes: float) -> float:
    return spikes * (memory.queue_access_j + memory.add_j)


def _one_each(parts: Sequence[Arrivals]) -> tuple[Arrivals, ...]:
    return tuple(replace(part, events=np.ones_like(part.events)) for part in parts)
