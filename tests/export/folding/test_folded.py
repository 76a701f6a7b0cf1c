"""All foldings in the order of the table."""

from collections.abc import Callable
from itertools import pairwise

import nir
import numpy as np
import pytest
from torch import Tensor, nn

from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.folding import FOLDINGS, folded
from export.folding.graph_edit import readers, sources, without
from export.freezing import unfolded
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron
from export.unfolded_nodes import BatchNorm, PermutedFlatten
from tests.folding_check import as_bytes, assert_as_torch, assert_lossless, kinds
from tests.inserted_nodes import inserted, with_scales
from tests.random_bodies import SEEDS, SHAPE, subject
from tests.torch_networks import (
    Residual,
    TwoReaders,
    assert_lively,
    conv_body,
    conv_norm,
    images_for,
    networked,
    run_torch,
)
from trainers.neurons.lif import LIF

Body = Callable[[], nn.Module]
DT = 1e-4


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Executor and torch both find the spikes of before; nothing unfolded is left."""
    given = subject(seed)
    after = assert_lossless(folded, given.graph, given.inputs)
    assert_as_torch(after, given.network, given.inputs)
    assert kinds(after) <= {
        nir.Input, nir.Output, nir.Affine, nir.Conv2d, nir.SumPool2d, nir.Flatten, nir.LIF,
    }  # fmt: skip
    for name, node in after.nodes.items():
        if isinstance(node, nir.LIF):
            np.testing.assert_allclose(discrete_neuron(name, node, DT).gain, 1.0, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_with_scales_and_other_orders(seed: int) -> None:
    """Everything at once: bytes at the input, scales within, channels last, then the rest."""
    given = subject(seed)
    graph = with_scales(given.graph, np.random.default_rng(seed))
    graph = inserted(graph, "input", "a_scale", nir.Scale(np.full(SHAPE, 1 / 255)))
    for name, node in list(graph.nodes.items()):
        if isinstance(node, nir.Flatten) and "output" not in readers(graph, name):
            graph.nodes[name] = PermutedFlatten((1, 2, 0))
    after = assert_lossless(folded, graph, np.round(given.inputs * 255))
    assert kinds(after).isdisjoint({nir.Scale, PermutedFlatten, BatchNorm, nir.AvgPool2d})


def test_float32_is_folded_in_float64() -> None:
    """What a folding touches comes out in double precision, whatever came in."""
    given = subject(1).graph
    nodes = {
        name: nir.Conv2d(
            node.input_shape, node.weight.astype(np.float32), node.stride, node.padding,
            node.dilation, node.groups, node.bias.astype(np.float32),
        )
        if isinstance(node, nir.Conv2d)
        else node
        for name, node in given.nodes.items()
    }  # fmt: skip
    graph = nir.NIRGraph(nodes, given.edges, given.metadata, type_check=False)
    convolutions = [node for node in folded(graph).nodes.values() if isinstance(node, nir.Conv2d)]
    assert len(convolutions) == 2
    assert all(node.weight.dtype == node.bias.dtype == np.float64 for node in convolutions)


def test_the_facts_come_along() -> None:
    """Only modules of nodes that are gone are lost; other metadata stays."""
    graph = subject(5).graph
    graph = nir.NIRGraph(
        graph.nodes, graph.edges, {**graph.metadata, "author": "me"}, type_check=False
    )
    before, after = read_facts(graph), read_facts(folded(graph))
    gone = {name: path for name, path in before.modules.items() if name.startswith("norm")}
    assert gone
    assert after.modules == {k: v for k, v in before.modules.items() if k not in gone}
    assert after.model_copy(update={"modules": before.modules}) == before
    assert folded(graph).metadata["author"] == "me"


def test_the_table_is_complete_and_described() -> None:
    """Each row has one line of words, and each function stands there once."""
    assert list(FOLDINGS) == [
        "flatten-order", "input-scaling", "scales", "batch-norm", "input-normalisation",
        "average-pooling", "input-gains", "thresholds",
    ]  # fmt: skip
    assert len({folding.fold for folding in FOLDINGS.values()}) == len(FOLDINGS)
    assert all(0 < len(folding.summary) < 72 for folding in FOLDINGS.values())


def test_a_folding_without_work_changes_nothing() -> None:
    """Each row of the table leaves a folded graph as it is, bit by bit, in a graph of its own."""
    graph = folded(subject(2).graph)
    for name, folding in FOLDINGS.items():
        again = folding.fold(graph)
        assert as_bytes(again) == as_bytes(graph), name
        assert again is not graph


def stem(channels: int = 4) -> nn.Sequential:
    """Spikes [channels, 8, 8] to build on."""
    return nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), LIF(0.3))


def head(features: int) -> nn.Sequential:
    """The readout."""
    return nn.Sequential(nn.Flatten(), nn.Linear(features, 5))


def pooled(size: int = 2) -> nn.AvgPool2d:
    """Average pooling."""
    return nn.AvgPool2d(size)


class PooledReadouts(nn.Module):
    """Two readouts, one of which averages its own currents, added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = stem()
        self.averaged = nn.Sequential(nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.plain = head(256)

    def forward(self, x: Tensor) -> Tensor:
        """Both currents."""
        spikes = self.stem(x)
        total: Tensor = self.averaged(spikes) + self.plain(spikes)
        return total


CHAINS: dict[str, tuple[Body, tuple[int, ...]]] = {
    "conv-norm twice, pool before conv and before linear": (conv_body, (1, 8, 8)),
    "linear-norm": (
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(16, 20), nn.BatchNorm1d(20), LIF(0.6), nn.Linear(20, 5)
        ),
        (1, 4, 4),
    ),
    "two norms in a row": (
        lambda: nn.Sequential(*conv_norm(1, 4), nn.BatchNorm2d(4), LIF(0.2), *head(256)),
        (1, 8, 8),
    ),
    "norm without weights": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4, affine=False), LIF(0.2), *head(144)
        ),
        (1, 8, 8),
    ),
    "norm of the input, and of it again": (
        lambda: nn.Sequential(
            nn.BatchNorm2d(1), nn.BatchNorm2d(1), nn.Conv2d(1, 4, 3), LIF(0.2), *head(144)
        ),
        (1, 8, 8),
    ),
    "pool the input": (
        lambda: nn.Sequential(pooled(), nn.Conv2d(1, 4, 3), LIF(), *head(16)),
        (1, 8, 8),
    ),
    "pool between conv and LIF": (
        lambda: nn.Sequential(*conv_norm(1, 4), pooled(), LIF(0.5), *head(64)),
        (1, 8, 8),
    ),
    "two pools": (
        lambda: nn.Sequential(*stem(), pooled(), pooled(), *head(16)),
        (1, 8, 8),
    ),
    "pools of 3 that multiply to 9": (
        lambda: nn.Sequential(*stem(), nn.AvgPool2d((1, 3)), nn.AvgPool2d((3, 1)), *head(16)),
        (1, 8, 8),
    ),
    "global pooling": (
        lambda: nn.Sequential(*stem(), nn.AdaptiveAvgPool2d(1), *head(4)),
        (1, 8, 8),
    ),
    "odd sizes, strides and padded pooling": (
        lambda: nn.Sequential(
            *conv_norm(2, 4, stride=2), LIF(0.3), nn.AvgPool2d(3, 2, 1),
            nn.Conv2d(4, 6, (1, 3), dilation=(1, 2), padding=(0, 2)), LIF(0.3), *head(54),
        ),
        (2, 9, 11),
    ),
    "grouped convolution": (
        lambda: nn.Sequential(*stem(4), *conv_norm(4, 8, groups=4), LIF(0.2), *head(512)),
        (1, 8, 8),
    ),
    "convolution averaged into the output": (
        lambda: nn.Sequential(*stem(), nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        (1, 8, 8),
    ),
    "readout beside an averaged readout": (PooledReadouts, (1, 8, 8)),
}  # fmt: skip

RESIDUALS: dict[str, Body] = {
    "sum of conv branches": lambda: nn.Sequential(
        *stem(), Residual(conv_norm(4, 4), conv_norm(4, 4), LIF(0.4)), *head(256)
    ),
    "identity skip": lambda: nn.Sequential(
        *stem(), Residual(conv_norm(4, 4), nn.Identity(), LIF(0.4)), *head(256)
    ),
    "pooled skip beside a strided conv": lambda: nn.Sequential(
        *stem(), Residual(conv_norm(4, 4, stride=2), pooled(), LIF(0.4)), *head(64)
    ),
    "pooled conv beside a strided conv": lambda: nn.Sequential(
        *stem(),
        Residual(conv_norm(4, 4, stride=2), nn.Sequential(nn.Conv2d(4, 4, 1), pooled()), LIF()),
        *head(64),
    ),
    "both branches pooled alike": lambda: nn.Sequential(
        *stem(), Residual(pooled(), pooled(), nn.Identity()), nn.Conv2d(4, 4, 3), LIF(), *head(16)
    ),
    "pool after a sum": lambda: nn.Sequential(
        *stem(), Residual(conv_norm(4, 4), conv_norm(4, 4), pooled()), LIF(), *head(64)
    ),
    "one conv, two populations": TwoReaders,
}


def check(body: nn.Module, shape: tuple[int, ...], seed: int) -> nir.NIRGraph:
    """Torch, the unfolded graph and every graph on the way fire alike; returns the last."""
    network = networked(body, seed=seed)
    inputs = images_for(shape, seed=seed + 100)
    assert_lively(run_torch(network, inputs)[1])
    graph = unfolded(network, inputs)
    assert_as_torch(graph, network, inputs.numpy())
    for folding in FOLDINGS.values():
        graph = folding.fold(graph)
        assert_as_torch(graph, network, inputs.numpy())
    return graph


def thresholds(graph: nir.NIRGraph) -> dict[str, float]:
    """Threshold of each neuron, by torch layer."""
    modules = read_facts(graph).modules
    return {
        modules[name]: float(node.v_threshold.flat[0])
        for name, node in graph.nodes.items()
        if isinstance(node, nir.LIF)
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CHAINS)
def test_folded_chains_fire_alike(name: str, seed: int) -> None:
    """Spikes equal torch's, outputs to 1e-9, and every threshold of a chain becomes 1."""
    build, shape = CHAINS[name]
    graph = check(build(), shape, seed)
    assert set(thresholds(graph).values()) == {1.0}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RESIDUALS)
def test_folded_residuals_fire_alike(name: str, seed: int) -> None:
    """Sums keep their meaning, whatever their branches had to give up or take on."""
    check(RESIDUALS[name](), (1, 8, 8), seed)


def test_what_receives_bare_spikes_keeps_its_threshold() -> None:
    """Spikes over an identity skip have no weights to divide; over a pooled one, only the sum's."""
    plain = thresholds(check(RESIDUALS["identity skip"](), (1, 8, 8), 0))
    network = networked(RESIDUALS["identity skip"](), seed=0)
    trained = thresholds(unfolded(network, images_for((1, 8, 8))))
    assert plain["2.neuron"] == trained["2.neuron"] != 1.0
    assert plain["1"] == 1.0
    skip = thresholds(check(RESIDUALS["pooled skip beside a strided conv"](), (1, 8, 8), 0))
    assert skip["2.neuron"] == 4 * plain["2.neuron"]


def test_a_node_taken_out_leaves_no_double_edge() -> None:
    """x + Identity(x), whatever the node in between was."""
    graph = unfolded(networked(conv_body()), images_for((1, 8, 8)))
    shape = graph.nodes["l001_lif"].v_threshold.shape
    graph = inserted(graph, "l001_lif", "a", nir.Scale(np.ones(shape)), only="l002_sumpool")
    graph.edges.append(("l001_lif", "l002_sumpool"))
    assert set(sources(graph, "l002_sumpool")) == {"a", "l001_lif"}
    with pytest.raises(
        UnsupportedLayer,
        match=r"^NIR node 'a': folded away, layer '3' would receive the output of layer '2' twice",
    ):
        without(graph, "a")


def test_edges_keep_their_order() -> None:
    """A chain's edges stay in a row, as files hold them."""
    graph = folded(unfolded(networked(conv_body()), images_for((1, 8, 8))))
    assert list(graph.edges) == list(pairwise(graph.nodes))


def test_moving_thresholds_keep_their_course() -> None:
    """Factors of the facts are relative, so a schedule survives every folding."""
    given = subject(2)
    facts = read_facts(given.graph)
    moving = {
        name: fact.model_copy(
            update={
                "strategy": "schedule",
                "per_step": tuple(fact.value * f for f in (1, 0.7, 1.3, 1)),
            }
        )
        for name, fact in facts.thresholds.items()
    }
    text = facts.model_copy(update={"thresholds": moving}).model_dump_json()
    graph = nir.NIRGraph(
        given.graph.nodes, given.graph.edges, {"spikeport": text}, type_check=False
    )
    assert_lossless(folded, graph, given.inputs)
    constant = run_graph(given.graph, given.inputs).spikes
    changed = run_graph(graph, given.inputs).spikes
    assert any((changed[name] != constant[name]).any() for name in constant)
