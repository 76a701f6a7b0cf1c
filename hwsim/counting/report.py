"""The report of counted events: no energy and no time."""

from math import prod
from pathlib import Path

import nir

from export.graph_order import in_order
from export.nir_metadata import read_facts
from hwsim.counting.events import Layer, layers_of
from hwsim.counting.spike_counts import SpikeCounts, read_counts
from hwsim.errors import SimulationError
from hwsim.report.emulated import EmulatedLayer
from hwsim.report.model import Accuracy, Network, UncostedReport

ONLY_FLOAT = "Its events were counted in the float executor."


def counted_report(graph: nir.NIRGraph, counts: Path, reason: str) -> UncostedReport:
    """What was counted; `with_run_facts` adds accuracies and the run's own facts.

    Args:
        graph: with facts.
        counts: spikes.npz.
        reason: why no chip runs it, a sentence.

    Raises:
        FileError: spikes.npz is missing or damaged.
        SimulationError: it counts another network.
    """
    counted = read_counts(counts)
    found = layers_of(in_order(graph, unfolded=True, loops=True))
    if counted.layers != tuple(layer.name for layer in found):
        raise SimulationError(
            f"{counts}: counts other layers than the network has. Simulate again: spikeport "
            f"simulate {counts.parent}."
        )
    layers = tuple(_layer(layer, index, counted) for index, layer in enumerate(found))
    return UncostedReport(
        network=Network(
            neurons=sum(layer.neurons for layer in layers),
            synapses=sum(layer.synapses_in for layer in layers),
            time_steps=read_facts(graph).time_steps,
        ),
        accuracy=Accuracy(),
        layers=layers,
        simulated_samples=len(counted.spikes),
        no_chip_equivalent=f"{reason} {ONLY_FLOAT}",
    )


def _layer(layer: Layer, index: int, counts: SpikeCounts) -> EmulatedLayer:
    spikes, synops = counts.spikes[:, :, index], counts.synops[:, :, index]
    samples, steps = spikes.shape
    neurons, mean = prod(layer.shape), int(spikes.sum()) / samples
    return EmulatedLayer(
        name=layer.name,
        shape=layer.shape,
        neurons=neurons,
        depth=index,
        spikes_per_inference=mean,
        spike_rate=mean / neurons / steps,
        spikes_per_step=tuple((spikes.sum(axis=0) / samples).tolist()),
        synops_per_inference=int(synops.sum()) / samples,
        synapses_in=layer.synapses,
        saturations=0,
        wraps=0,
    )
