"""Every network of the table through freezing: the frozen graph fires as the network does."""

import nir
import numpy as np
import pytest
import torch
from torch import nn

from export.errors import UnsupportedLayer
from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_metadata import read_facts
from hwsim.verify.runtime import Subject
from hwsim.verify.torch_importer import in_process
from tests.torch_networks import assert_lively, images_for, networked, run_torch
from tests.whole_networks import PLAIN, RESIDUAL, Options, built
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.networks.residual_blocks import BLOCKS, Block, conv_norm, stage
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF

NARROW = {"width": 0.0625}
FROZEN: dict[str, tuple[str, Options]] = {
    **{case: (name, {**options, **NARROW}) for case, (name, options) in PLAIN.items()},
    **{case: (name, {**options, **NARROW}) for case, (name, options) in RESIDUAL.items()},
    "conv-small": ("conv-small", {"channels": [4, 6]}),
    "mlp": ("mlp", {"hidden": [20, 10]}),
}


def random_network(name: str, options: Options) -> tuple[SpikingNetwork, torch.Tensor]:
    """The network with random weights, norms and thresholds, decays on the grid, and images."""
    shape = (2, 32, 32) if options.get("stem") == "imagenet" else (2, 16, 16)
    network = networked(built(name, shape, 5, **options), time_steps=3)
    for _, neuron in network.neurons():
        neuron.decay_logit.data = torch.logit(torch.tensor(1638 / 4096, dtype=torch.float64))
    return network, images_for(shape, 4)


def test_none_is_left_out() -> None:
    """`recurrent`, which takes sequences, has its own test below."""
    assert {name for name, _ in FROZEN.values()} == NETWORKS.keys() - {"recurrent"}


@pytest.mark.parametrize(("name", "options"), FROZEN.values(), ids=FROZEN)
def test_the_frozen_network_fires_like_the_torch_network(name: str, options: Options) -> None:
    """Every spike of every layer and step in float64; outputs but for float32 weights."""
    network, inputs = random_network(name, options)
    outputs, spikes = run_torch(network, inputs)
    graph = freeze(network, inputs)
    run = run_graph(graph, inputs.numpy())
    modules = read_facts(graph).modules
    assert {modules[node] for node in run.spikes} == spikes.keys()
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(fired, spikes[modules[node]], err_msg=node)
    np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_norse_repeats_identity_blocks(block: Block) -> None:
    """Its importer follows edges in their order, so that of the branch stands before the skip's."""
    body = nn.Sequential(
        *conv_norm(1, 4), LIF(0.2), stage(block, 3, 4, 4, stride=1, decay=0.4),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip
    network, inputs = networked(body, seed=1), images_for((1, 8, 8), 6)
    graph = freeze(network, inputs)
    run = run_graph(graph, inputs.numpy())
    ask = in_process("norse")(Subject(graph))
    assert ask is not None
    answer = ask(inputs.numpy())
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(answer.spikes[node], fired, err_msg=node)
    np.testing.assert_allclose(answer.logits, logits(run.outputs, read_facts(graph)), atol=1e-6)


@pytest.mark.parametrize("decay_input", [False, True])
def test_a_recurrent_network_fires_like_the_torch_network(decay_input: bool) -> None:
    """Two layers that feed themselves, each a nested graph; thresholds and gains fold into both."""
    body = built("recurrent", (7,), 3, hidden=[24, 16])
    network = networked(body, time_steps=9, sequence=True)
    for _, neuron in network.neurons():
        neuron.decay_logit.data = torch.logit(torch.tensor(1638 / 4096, dtype=torch.float64))
        neuron.decay_input = decay_input
    inputs = 4 * torch.rand(6, 9, 7, dtype=torch.float64)
    outputs, spikes = run_torch(network, inputs.transpose(0, 1))
    graph = freeze(network, inputs.transpose(0, 1))
    assert [name for name, node in graph.nodes.items() if isinstance(node, nir.NIRGraph)] == [
        "l001_lif", "l003_lif",
    ]  # fmt: skip
    run = run_graph(graph, inputs.numpy())
    modules = read_facts(graph).modules
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(fired, spikes[modules[node]], err_msg=node)
    np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=1e-5)


def test_other_kinds_of_lif_are_refused_by_name() -> None:
    """What a subclass computes is unknown, even if it changes nothing."""

    class MyLIF(LIF):
        pass

    class MyRecurrentLIF(RecurrentLIF):
        pass

    for neuron in (MyLIF(), MyRecurrentLIF(4)):
        network = SpikingNetwork(nn.Sequential(nn.Linear(3, 4), neuron, nn.Linear(4, 2)), 2)
        kind = type(neuron).__name__
        with pytest.raises(UnsupportedLayer, match=rf"layer '1' \({kind}\): .*beyond LIF.*Use tr"):
            freeze(network, torch.rand(1, 3))
