"""Each kind of network runs as its own executor does, with its layers under one name."""

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_metadata import read_facts
from export.quantizing import Quantization, quantization
from hwsim.ledger.runs import emulated_run, graph_run, rounded, torch_run
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

STEPS = 4


class Residual(nn.Module):
    """A hidden layer with an identity skip, so that the chip needs a relay or a delay."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.first = nn.Linear(6, 8), LIF(0.25)
        self.between, self.second = nn.Linear(8, 8), LIF(0.5)
        self.back, self.third = nn.Linear(8, 8), LIF(0.25)
        self.leave = nn.Linear(8, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        fired = self.first(self.enter(inputs))
        deeper = self.second(self.between(fired))
        current: torch.Tensor = self.leave(self.third(self.back(deeper) + fired))
        return current


def network() -> SpikingNetwork:
    """With weights on the grid of float32, in evaluation mode."""
    torch.manual_seed(3)
    made = SpikingNetwork(Residual(), STEPS).eval()
    for module in made.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = (module.weight.data * 96).round() / 32
            module.bias.data = (module.bias.data * 64).round() / 64
    return made


def quantised() -> tuple[SpikingNetwork, Quantization, NDArray[np.float32], nir.NIRGraph]:
    """The network, its integers, samples, and the frozen graph."""
    made = network()
    samples = np.random.default_rng(5).random((40, 6)).astype(np.float32)
    graph = freeze(made, samples[:1])
    return made, quantization(graph, samples), samples, graph


def test_every_network_answers_for_the_same_layers() -> None:
    """Torch, executor, rounded and emulated spikes come by NIR node, bool [T, N, neurons]."""
    made, integers, samples, graph = quantised()
    facts = read_facts(graph)
    assert integers.balancing.paths
    runs = {
        "torch": torch_run(made, facts),
        "graph": graph_run(graph),
        "rounded": rounded(graph, integers.synchronous),
        "emulated": emulated_run(graph, integers.chip),
    }
    answers = {name: run(samples) for name, run in runs.items()}
    for name, answer in answers.items():
        assert answer.spikes.keys() == facts.thresholds.keys(), name
        assert answer.logits.shape == (40, 3)
        for spikes in answer.spikes.values():
            assert spikes.dtype == np.bool_
            assert spikes.shape == (STEPS, 40, 8)
            assert 0.02 < spikes.mean() < 0.9
    float_run = run_graph(graph, samples)
    for layer, spikes in float_run.spikes.items():
        np.testing.assert_array_equal(answers["graph"].spikes[layer], spikes)
        np.testing.assert_array_equal(answers["torch"].spikes[layer], spikes)
    np.testing.assert_array_equal(answers["graph"].logits, logits(float_run.outputs, facts))
    classes = [answers[name].logits.argmax(axis=1) for name in ("graph", "emulated")]
    assert (classes[0] == classes[1]).mean() >= 0.9
