"""Scale nodes go into weights, thresholds or resistances around them, or are refused."""

from itertools import pairwise

import nir
import numpy as np
import pytest
from torch import nn

from export.errors import UnsupportedLayer
from export.folding.scale import fold_scales
from export.freezing import unfolded
from export.nir_metadata import FrozenFacts, InputFacts, attach_facts
from tests.folding_check import assert_lossless, kinds
from tests.frozen_networks import portable_lif
from tests.inserted_nodes import inserted, with_scales
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import Residual, TwoReaders, images_for, networked
from trainers.neurons.lif import LIF


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """The executor finds the spikes of before, and no scale is left."""
    given = subject(seed)
    graph = with_scales(given.graph, np.random.default_rng(seed))
    after = assert_lossless(fold_scales, graph, given.inputs)
    assert nir.Scale not in kinds(after)


def test_most_random_networks_hold_scales() -> None:
    """Of one factor and of several, so that the test above shows something."""
    found = [
        node.scale
        for seed in SEEDS
        for node in with_scales(subject(seed).graph, np.random.default_rng(seed)).nodes.values()
        if isinstance(node, nir.Scale)
    ]
    assert len(found) > 80
    assert 20 < sum(len(np.unique(scale)) > 1 for scale in found) < len(found) - 20


def chain(*nodes: nir.NIRNode, shape: tuple[int, ...], outputs: int) -> nir.NIRGraph:
    """Input, the nodes, Output."""
    named = {f"n{index}": node for index, node in enumerate(nodes)}
    every = {
        "input": nir.Input(np.array(shape)), **named, "output": nir.Output(np.array([outputs])),
    }  # fmt: skip
    graph = nir.NIRGraph(every, list(pairwise(every)), type_check=False)
    facts = FrozenFacts(spikeport="0", time_steps=4, input=InputFacts(form="static", shape=shape))
    attach_facts(graph, facts)
    return graph


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Random weights, mostly positive."""
    return np.random.default_rng(seed).normal(0.2, 0.5, shape)


def test_factors_per_element_go_into_what_reads_them() -> None:
    """Through a flatten and a pooling too, where they agree within a channel."""
    shape = (2, 4, 4)
    per_channel = np.broadcast_to(np.array([0.7, 1.4])[:, None, None], shape).copy()
    graph = chain(
        portable_lif(shape, 2048, 0.4), nir.Scale(per_channel),
        nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1), nir.Linear(weights(3, 8)),
        shape=shape, outputs=3,
    )  # fmt: skip
    after = assert_lossless(fold_scales, graph, images_for(shape).numpy())
    assert nir.Scale not in kinds(after)
    elements = np.random.default_rng(1).uniform(0.5, 2, 8)
    graph = chain(
        portable_lif((8,), 2048, 0.4), nir.Scale(elements), nir.Linear(weights(3, 8)),
        shape=(8,), outputs=3,
    )  # fmt: skip
    after = assert_lossless(fold_scales, graph, images_for((8,)).numpy())
    np.testing.assert_allclose(after.nodes["n2"].weight, weights(3, 8) * elements)


def test_factors_of_grouped_channels() -> None:
    """Each group of a convolution reads channels of its own."""
    shape = (4, 5, 5)
    factor = np.broadcast_to(np.array([0.5, 0.8, 1.5, 2.0])[:, None, None], shape).copy()
    conv = nir.Conv2d((5, 5), weights(2, 2, 3, 3), 1, 1, 1, 2, np.zeros(2))
    graph = chain(
        portable_lif(shape, 2048, 0.4), nir.Scale(factor), conv,
        nir.Flatten({"input": np.array([2, 5, 5])}, 0, -1), nir.Linear(weights(3, 50)),
        shape=shape, outputs=3,
    )  # fmt: skip
    assert_lossless(fold_scales, graph, images_for(shape).numpy())


def test_a_scale_before_a_neuron() -> None:
    """Factors per neuron become its resistance; a single one its threshold."""
    for factor in (np.array([0.5, 2.0, 3.0]), np.full(3, 1.7)):
        graph = chain(
            nir.Scale(np.full(3, 1.2)), portable_lif((3,), 2048, 0.4), nir.Scale(factor),
            portable_lif((3,), 1024, 0.6), nir.Linear(weights(2, 3)), shape=(3,), outputs=2,
        )  # fmt: skip
        after = fold_scales(graph)
        assert_lossless(fold_scales, graph, images_for((3,), 20).numpy())
        assert sum(isinstance(node, nir.Scale) for node in after.nodes.values()) == 1


def residual_graph() -> nir.NIRGraph:
    """Spikes skip a convolution into a neuron."""
    body = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), LIF(0.3),
        Residual(nn.Conv2d(4, 4, 3, padding=1), nn.Identity(), LIF(0.4)),
        nn.Flatten(), nn.Linear(256, 5),
    )  # fmt: skip
    return unfolded(networked(body), images_for((1, 8, 8)))


def test_a_scaled_skip() -> None:
    """The convolution beside it takes the inverse, and the neuron's threshold the factor."""
    scale = nir.Scale(np.full((4, 8, 8), 0.5))
    graph = inserted(residual_graph(), "l001_lif", "skip", scale, only="l003_lif")
    after = assert_lossless(fold_scales, graph, images_for((1, 8, 8)).numpy())
    np.testing.assert_array_equal(
        after.nodes["l003_lif"].v_threshold, 2 * graph.nodes["l003_lif"].v_threshold
    )


def test_weights_that_feed_something_else_too() -> None:
    """They can't take the factor of one reader; that reader's threshold or resistance does."""
    inputs = images_for((1, 8, 8))
    graph = unfolded(networked(TwoReaders()), inputs)
    for factor in (np.full((4, 8, 8), 0.8), np.linspace(0.7, 1.2, 256).reshape(4, 8, 8)):
        one = inserted(graph, "l000_conv", "scale", nir.Scale(factor), only="l001_lif")
        after = assert_lossless(fold_scales, one, inputs.numpy())
        assert after.nodes["l000_conv"] is graph.nodes["l000_conv"]


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (np.full((4, 8, 8), -0.5), "layer '2.neuron': a scale brings it the factor -0.5"),
        (
            np.random.default_rng(0).uniform(0.5, 1, (4, 8, 8)),
            r"NIR node 'skip' \(Scale\): can't move into layer '2.neuron', which also adds another",
        ),
    ],
)
def test_a_skip_that_can_not_be_scaled(factor: np.ndarray, message: str) -> None:
    """Spikes have no weights of their own; a threshold can't be divided by what is negative."""
    graph = inserted(residual_graph(), "l001_lif", "skip", nir.Scale(factor), only="l003_lif")
    with pytest.raises(UnsupportedLayer, match=f"^{message}"):
        fold_scales(graph)


def test_a_scale_beside_its_own_source_is_refused() -> None:
    """x + x / 2 over spikes would be a double edge."""
    graph = chain(
        portable_lif((3,), 2048, 0.4), nir.Scale(np.full(3, 0.5)), nir.Linear(weights(2, 3)),
        shape=(3,), outputs=2,
    )  # fmt: skip
    graph.edges.append(("n0", "n2"))
    with pytest.raises(UnsupportedLayer, match=r"^NIR node 'n2': adds branches that were scaled"):
        fold_scales(graph)


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (0.5, "^NIR node 'n1': a scale reaches the output"),
        (np.array([0.5, 1.0, 2.0]), r"can't move into NIR node 'output', which is of kind Output"),
    ],
)
def test_a_scale_of_spikes_at_the_output_is_refused(factor: float, message: str) -> None:
    """There are no weights to take it."""
    scale = nir.Scale(np.broadcast_to(factor, (3,)).copy())
    graph = chain(portable_lif((3,), 2048, 0.4), scale, shape=(3,), outputs=3)
    with pytest.raises(UnsupportedLayer, match=message):
        fold_scales(graph)


def test_factors_that_differ_within_a_channel_are_refused() -> None:
    """A kernel has one weight for all pixels of a channel."""
    conv = nir.Conv2d((4, 4), weights(2, 1, 3, 3), 1, 1, 1, 1, np.zeros(2))
    graph = chain(
        portable_lif((1, 4, 4), 2048), nir.Scale(np.arange(1.0, 17).reshape(1, 4, 4)), conv,
        nir.Flatten({"input": np.array([2, 4, 4])}, 0, -1), shape=(1, 4, 4), outputs=32,
    )  # fmt: skip
    with pytest.raises(UnsupportedLayer, match=r"'n2', which has one weight per channel"):
        fold_scales(graph)
