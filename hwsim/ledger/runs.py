"""How each kind of network on the way to the chip is run for the ledger."""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from export.executor import logits, run_graph
from export.nir_metadata import FrozenFacts, read_facts
from export.quantizing import encode
from export.quantizing.rounded_run import rounded_run
from hwsim.engine.readout import chip_logits
from hwsim.engine.recording import Recording
from hwsim.engine.simulate import simulate
from hwsim.ledger.transformation import Answer, Run
from trainers.data import Split
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork


def torch_run(network: SpikingNetwork, facts: FrozenFacts) -> Run:
    """A network in torch, in its own precision; its layers get the names of their NIR nodes."""
    nodes = {facts.modules[node]: node for node in facts.thresholds}

    def run(inputs: NDArray[Any]) -> Answer:
        unlabelled = Split(inputs, np.zeros(len(inputs), dtype=np.int64))
        seen = evaluate(network, unlabelled, record_spikes=True)
        return Answer(seen.logits, {nodes[path]: spikes for path, spikes in seen.spikes.items()})

    return run


def graph_run(graph: nir.NIRGraph) -> Run:
    """A NIR graph in the float64 executor."""
    facts = read_facts(graph)

    def run(inputs: NDArray[Any]) -> Answer:
        done = run_graph(graph, inputs)
        return Answer(logits(done.outputs, facts), done.spikes)

    return run


def rounded(graph: nir.NIRGraph, chip: ChipGraph) -> Run:
    """Integer weights, thresholds and biases with float state; `chip` before balancing."""
    facts = read_facts(graph)

    def run(inputs: NDArray[Any]) -> Answer:
        done = rounded_run(graph, chip, inputs)
        return Answer(logits(done.outputs, facts), done.spikes)

    return run


def emulated_run(graph: nir.NIRGraph, chip: ChipGraph) -> Run:
    """The chip graph in the emulator, on what the host makes of the samples.

    Relays aren't layers of the network: their spikes are left out.
    """
    layers = read_facts(graph).thresholds
    kept = Recording({layer: frozenset({"s"}) for layer in layers})

    def run(inputs: NDArray[Any]) -> Answer:
        trace = simulate(chip, encode(graph, chip, inputs), record=kept)
        spikes = {
            layer: trace.recordings[layer]["s"].swapaxes(0, 1).astype(np.bool_) for layer in layers
        }
        return Answer(chip_logits(trace), spikes)

    return run
