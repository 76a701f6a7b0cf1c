"""Thresholds become 1 where weights can take them, and stay where they can't."""

import nir
import numpy as np
import pytest
from torch import nn

from export.folding.thresholds import fold_thresholds
from export.freezing import unfolded
from tests.folding_check import assert_as_torch, assert_lossless
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import Residual, TwoReaders, images_for, networked
from trainers.neurons.lif import LIF


def thresholds(graph: nir.NIRGraph) -> dict[str, float]:
    """v_threshold of each neuron, which is the same all over it."""
    found = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.LIF):
            assert (node.v_threshold == node.v_threshold.flat[0]).all()
            found[name] = float(node.v_threshold.flat[0])
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Executor and torch both find the spikes of before; chains end with threshold 1."""
    given = subject(seed)
    after = assert_lossless(fold_thresholds, given.graph, given.inputs)
    assert_as_torch(after, given.network, given.inputs)
    found = set(thresholds(after).values())
    if seed % 4 < 2:
        assert found == {1.0}
    elif seed % 4 == 3:
        assert found == set(thresholds(given.graph).values())


def residual(shortcut: nn.Module) -> nn.Module:
    """A sum of a convolution and a shortcut around it."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), LIF(0.3),
        Residual(nn.Conv2d(4, 4, 3, padding=1), shortcut, LIF(0.4)),
        nn.Flatten(), nn.Linear(256, 5),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_all_branches_of_a_sum_are_divided(seed: int) -> None:
    """With weights in every branch, each one is divided."""
    body = residual(nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(3, 1, 1)))
    inputs = images_for((1, 8, 8), seed=seed)
    graph = unfolded(networked(body, seed=seed), inputs)
    after = assert_lossless(fold_thresholds, graph, inputs.numpy())
    assert set(thresholds(after).values()) == {1.0}


@pytest.mark.parametrize("shortcut", [nn.Identity(), nn.AvgPool2d(3, 1, 1)])
def test_what_receives_bare_spikes_keeps_its_threshold(shortcut: nn.Module) -> None:
    """Spikes over an identity skip, averaged or not, have no weights to divide."""
    inputs = images_for((1, 8, 8))
    graph = unfolded(networked(residual(shortcut)), inputs)
    after = thresholds(assert_lossless(fold_thresholds, graph, inputs.numpy()))
    kept = max(after)
    assert after == thresholds(graph) | {"l001_lif": 1.0}
    assert after[kept] != 1.0


def test_weights_that_feed_two_populations_stay() -> None:
    """One convolution can't be divided by two different thresholds."""
    graph = unfolded(networked(TwoReaders()), images_for((1, 8, 8)))
    assert thresholds(fold_thresholds(graph)) == thresholds(graph)


def test_thresholds_of_single_neurons_stay() -> None:
    """A convolution has no weights for one pixel alone; nothing changes."""
    graph = unfolded(networked(residual(nn.Conv2d(4, 4, 1))), images_for((1, 8, 8)))
    node = graph.nodes["l001_lif"]
    node.v_threshold = node.v_threshold.copy()
    node.v_threshold[0, 0, 0] = 0.123
    inputs = images_for((1, 8, 8)).numpy()
    after = assert_lossless(fold_thresholds, graph, inputs)
    np.testing.assert_array_equal(after.nodes["l001_lif"].v_threshold, node.v_threshold)


def test_resets_and_leaks_are_divided_too() -> None:
    """A membrane in units of the threshold resets and leaks to the same place."""
    inputs = images_for((1, 8, 8))
    graph = unfolded(networked(residual(nn.Conv2d(4, 4, 1))), inputs)
    for node in graph.nodes.values():
        if isinstance(node, nir.LIF):
            node.v_reset, node.v_leak = node.v_reset - 0.2, node.v_leak + 0.05
    after = assert_lossless(fold_thresholds, graph, inputs.numpy())
    assert set(thresholds(after).values()) == {1.0}
