"""Flattens of other orders and axes become Flatten(0, -1), with weights permuted to match."""

from itertools import permutations

import nir
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.errors import UnsupportedLayer
from export.folding.flatten_order import fold_flatten_order
from export.folding.graph_edit import replaced
from export.freezing import unfolded
from export.unfolded_nodes import PermutedFlatten
from tests.folding_check import assert_as_torch, assert_lossless, kinds
from tests.inserted_nodes import inserted
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import conv_body, images_for, networked
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

ORDERS = tuple(permutations(range(3)))


def flattens(graph: nir.NIRGraph) -> list[str]:
    """Names of the Flatten nodes."""
    return [name for name, node in graph.nodes.items() if isinstance(node, nir.Flatten)]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Every flatten in an order of its own; the executor finds the spikes of before."""
    given = subject(seed)
    draw = np.random.default_rng(seed)
    odd = {
        name: PermutedFlatten(ORDERS[int(draw.integers(1, len(ORDERS)))])
        for name in flattens(given.graph)
    }
    after = assert_lossless(fold_flatten_order, replaced(given.graph, odd), given.inputs)
    assert PermutedFlatten not in kinds(after)
    assert {(after.nodes[name].start_dim, after.nodes[name].end_dim) for name in odd} == {(0, -1)}


class ChannelsLast(nn.Module):
    """A network that flattens as a framework with channels last does."""

    def __init__(self, stem: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.stem, self.head = stem, head

    def forward(self, x: Tensor) -> Tensor:
        """Flatten(H, W, C)."""
        currents: Tensor = self.head(self.stem(x).permute(0, 2, 3, 1).flatten(1))
        return currents


@pytest.mark.parametrize("seed", range(5))
def test_torchs_permute_is_the_judge(seed: int) -> None:
    """The folded graph computes what torch does with the features in H, W, C order."""
    network = networked(conv_body(), seed=seed)
    graph = unfolded(network, images_for((1, 8, 8)))
    graph = replaced(graph, dict.fromkeys(flattens(graph), PermutedFlatten((1, 2, 0))))
    body = network.body
    assert isinstance(body, nn.Sequential)
    last = SpikingNetwork(ChannelsLast(body[:-2], body[-1]), 4).double().eval()
    inputs = images_for((1, 8, 8), seed=seed)
    after = assert_lossless(fold_flatten_order, graph, inputs.numpy())
    with torch.no_grad():
        expected = last(inputs).numpy()
    from export.executor import run_graph

    np.testing.assert_allclose(
        run_graph(after, inputs.numpy()).outputs, expected, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize(("start", "end"), [(0, 2), (-3, -1), (0, -1)])
def test_all_axes_by_other_numbers(start: int, end: int) -> None:
    """Flatten(0, 2) of three axes is Flatten(0, -1)."""
    network, inputs = networked(conv_body()), images_for((1, 8, 8))
    graph = unfolded(network, inputs)
    (name,) = flattens(graph)
    shape = graph.nodes[name].input_type
    graph = replaced(graph, {name: nir.Flatten(shape, start, end)})
    after = assert_lossless(fold_flatten_order, graph, inputs.numpy())
    assert (after.nodes[name].start_dim, after.nodes[name].end_dim) == (0, -1)
    assert_as_torch(after, network, inputs.numpy())


@pytest.mark.parametrize(("start", "end"), [(1, -1), (0, 1), (1, 1)])
def test_two_flattens_become_one(start: int, end: int) -> None:
    """Some axes first and the rest later is all axes at once; one that does nothing goes."""
    network, inputs = networked(conv_body()), images_for((1, 8, 8))
    graph = unfolded(network, inputs)
    (name,) = flattens(graph)
    part = nir.Flatten(graph.nodes[name].input_type, start, end)
    graph = inserted(graph, "l005_sumpool", "l005_z_flatten", part)
    after = assert_lossless(fold_flatten_order, graph, inputs.numpy())
    assert flattens(after) == [name]
    assert_as_torch(after, network, inputs.numpy())


def test_axes_kept_apart_are_refused() -> None:
    """An affine node over the last axis alone isn't a layer of all neurons."""
    graph = unfolded(networked(conv_body()), images_for((1, 8, 8)))
    graph = replaced(
        graph,
        {
            "l006_flatten": nir.Flatten(graph.nodes["l006_flatten"].input_type, 1, -1),
            "l007_fc": nir.Linear(np.ones((3, 4))),
        },
    )
    with pytest.raises(
        UnsupportedLayer, match=r"^layer '8': Flatten\(1, -1\) keeps axes apart\. Use start_dim 0"
    ):
        fold_flatten_order(graph)


def test_an_order_that_neurons_read_is_refused() -> None:
    """Their own order would change, and with it what every recording means."""
    body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), LIF(), nn.Linear(72, 3))
    graph = unfolded(networked(body), images_for((1, 8, 8)))
    graph = replaced(graph, {"l001_flatten": PermutedFlatten((2, 0, 1))})
    message = r"^layer '1': flattens axes in the order \(2, 0, 1\), and layer '2' \(LIF\)"
    with pytest.raises(UnsupportedLayer, match=message):
        fold_flatten_order(graph)
