"""The frozen network in torch fires exactly as the graph's equations say."""

import copy
from collections.abc import Callable

import nir
import numpy as np
import pytest
import torch
from torch import nn

from export.errors import InvalidGraph
from export.executor import run_graph
from export.freezing import freeze, frozen_module
from export.nir_metadata import FrozenFacts, read_facts
from tests.torch_networks import (
    Residual,
    TwoReaders,
    assert_lively,
    constant_thresholds,
    conv_body,
    conv_norm,
    images_for,
    networked,
    run_torch,
    thresholds,
)
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)

BODIES: dict[str, Callable[[], nn.Module]] = {
    "digits recipe": conv_body,
    "residual with thresholds kept": lambda: nn.Sequential(
        *conv_norm(1, 4), LIF(0.2), Residual(conv_norm(4, 4), nn.Identity(), LIF(0.4)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    ),
    "groups, rectangles, strides": lambda: nn.Sequential(
        nn.Conv2d(1, 4, (3, 5), padding="same"), LIF(0.7),
        nn.Conv2d(4, 4, 3, groups=2, stride=2), nn.BatchNorm2d(4), nn.Dropout(0.5), LIF(0.3),
        nn.Flatten(), nn.Linear(36, 5),
    ),
    "one conv, two populations": TwoReaders,
}  # fmt: skip


class ReusedPool(nn.Module):
    """One pooling layer in two places, flattening as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.first = nn.Sequential(*conv_norm(1, 4), LIF(0.2))
        self.second = nn.Sequential(*conv_norm(4, 4), LIF(0.2))
        self.readout = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Currents of the readout."""
        x = self.pool(self.second(self.pool(self.first(x))))
        currents: torch.Tensor = self.readout(torch.flatten(x, 1))
        return currents


BODIES["reused pool"] = ReusedPool


def refused(network: SpikingNetwork, graph: nir.NIRGraph, message: str) -> None:
    """The graph isn't this network's."""
    with pytest.raises(InvalidGraph, match=f"frozen from another network .*{message}"):
        frozen_module(network, graph)


def changed_facts(graph: nir.NIRGraph, **changes: object) -> nir.NIRGraph:
    """A copy of the graph with other facts."""
    changed = copy.copy(graph)
    facts = FrozenFacts.model_validate({**read_facts(graph).model_dump(), **changes})
    changed.metadata = {"spikeport": facts.model_dump_json()}
    return changed


@pytest.mark.parametrize("name", BODIES)
def test_it_fires_as_the_graph_does(name: str) -> None:
    """Spike for spike in float64, although layers, order and reset come from the torch network."""
    network = networked(BODIES[name](), seed=3)
    inputs = images_for(SHAPE, 12)
    graph = freeze(network, inputs)
    outputs, spikes = run_torch(frozen_module(network, graph), inputs)
    run = run_graph(graph, inputs.numpy())
    modules = read_facts(graph).modules
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(spikes[modules[node]], fired, err_msg=node)
    np.testing.assert_allclose(outputs, run.outputs, rtol=0, atol=1e-9)


def test_sequences_fire_as_the_graph_does() -> None:
    """The same for inputs that change at every step."""
    body = nn.Sequential(nn.Linear(7, 20), nn.BatchNorm1d(20), LIF(0.6), nn.Linear(20, 3))
    network = networked(body, time_steps=5)
    network.sequence = True
    inputs = torch.rand(5, 9, 7, generator=torch.Generator().manual_seed(0)).double()
    graph = freeze(network, inputs)
    outputs, spikes = run_torch(frozen_module(network, graph), inputs)
    run = run_graph(graph, np.moveaxis(inputs.numpy(), 1, 0))
    assert_lively(run.spikes)
    np.testing.assert_array_equal(spikes["2"], run.spikes["l001_lif"])
    np.testing.assert_allclose(outputs, run.outputs, rtol=0, atol=1e-9)


def test_neurons_are_the_chips() -> None:
    """Decays lie on the grid and thresholds are exact, not what they were in training."""
    network = networked(BODIES["residual with thresholds kept"]())
    kept = constant_thresholds(network)["3.neuron"]
    frozen = frozen_module(network, freeze(network, images_for(SHAPE)))
    neurons = dict(frozen.neurons())
    assert [float(n.decay) for n in neurons.values()] == [819 / 4096, 1638 / 4096]
    assert [thresholds(n, 1)[0] for n in neurons.values()] == [1.0, kept]


def test_the_trained_network_is_left_alone() -> None:
    """The frozen module is a copy; the original keeps its norms and weights."""
    network = networked(conv_body())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    frozen_module(network, freeze(network, images_for(SHAPE)))
    assert before.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_graph_with_other_layers_is_refused() -> None:
    """A layer that only one of the two has would keep weights nobody froze."""
    network = networked(conv_body())
    short = nn.Sequential(*conv_norm(1, 6), LIF(0.2), nn.Flatten(), nn.Linear(384, 5))
    graph, shorter = (freeze(n, images_for(SHAPE)) for n in (network, networked(short)))
    refused(network, shorter, "it lacks the network's layer '6'")
    refused(networked(short), graph, "node 'l002_sumpool' comes from layer '3', which it lacks")


def test_a_graph_with_other_sizes_is_refused() -> None:
    """Layers of the same names and kinds but other channels belong to another network."""
    wide = nn.Sequential(
        *conv_norm(1, 7), LIF(0.2), nn.AvgPool2d(2), *conv_norm(7, 8), LIF(0.4), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(32, 5),
    )  # fmt: skip
    graph = freeze(networked(wide), images_for(SHAPE))
    refused(networked(conv_body()), graph, r"'l000_conv' has weights \(7, 1, 3, 3\)")


def test_a_graph_for_other_inputs_is_refused() -> None:
    """Other T, or sequences in place of static images."""
    network = networked(conv_body(), time_steps=4)
    graph = freeze(network, images_for(SHAPE))
    refused(networked(conv_body(), time_steps=3), graph, "T = 4 on static input, .* T = 3")
    sequence = {"form": "sequence", "shape": SHAPE, "scale": 1.0}
    refused(network, changed_facts(graph, input=sequence), "on sequence input")


def test_damaged_facts_are_refused() -> None:
    """A decay or a node that the facts or the graph don't have."""
    network = networked(conv_body())
    graph = freeze(network, images_for(SHAPE))
    refused(network, changed_facts(graph, decay_4096={}), "names no decay of node 'l001_lif'")
    modules = {**read_facts(graph).modules, "l999_conv": "0"}
    refused(network, changed_facts(graph, modules=modules), "node 'l999_conv' comes from layer '0'")
