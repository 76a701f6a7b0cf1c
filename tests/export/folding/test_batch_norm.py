"""Batch norm goes into the layer before without changing a spike, or is refused by name."""

from collections.abc import Callable

import nir
import numpy as np
import pytest
from torch import nn

from export.errors import UnsupportedLayer
from export.folding.batch_norm import fold_batch_norms
from export.freezing import unfolded
from export.unfolded_nodes import BatchNorm
from tests.folding_check import assert_as_torch, assert_lossless, kinds
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import Residual, images_for, networked
from trainers.neurons.lif import LIF

Body = Callable[[], nn.Module]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Executor and torch both find the spikes of before; no norm is left."""
    given = subject(seed)
    after = assert_lossless(fold_batch_norms, given.graph, given.inputs)
    assert BatchNorm not in kinds(after)
    assert_as_torch(after, given.network, given.inputs)


def test_most_random_networks_hold_norms() -> None:
    """Otherwise the test above would show nothing; some have two in a row."""
    counts = [
        sum(isinstance(node, BatchNorm) for node in subject(seed).graph.nodes.values())
        for seed in SEEDS
    ]
    assert sum(count > 0 for count in counts) >= 30
    assert max(counts) > 2


def test_a_linear_node_gains_a_bias() -> None:
    """nir.Linear has none, so a norm behind it makes it an affine node."""
    network = networked(nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.BatchNorm1d(4), LIF()))
    inputs = images_for((1, 4, 4), 20)
    graph = unfolded(network, inputs)
    graph.nodes["l001_fc"] = nir.Linear(graph.nodes["l001_fc"].weight)
    after = assert_lossless(fold_batch_norms, graph, inputs.numpy())
    assert isinstance(after.nodes["l001_fc"], nir.Affine)
    np.testing.assert_array_equal(after.nodes["l001_fc"].bias, graph.nodes["norm000"].shift)


def stem() -> nn.Sequential:
    """Spikes [4, 8, 8]."""
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), LIF(0.3))


def head(features: int) -> nn.Sequential:
    """A readout."""
    return nn.Sequential(nn.Flatten(), nn.Linear(features, 5))


@pytest.mark.parametrize(
    ("body", "name", "before"),
    [
        (
            lambda: nn.Sequential(*stem(), nn.AvgPool2d(2), nn.BatchNorm2d(4), *head(64)),
            "3", r"layer '2' \(AvgPool2d\)",
        ),
        (lambda: nn.Sequential(*stem(), nn.BatchNorm2d(4), *head(256)), "2", r"layer '1' \(LIF\)"),
        (
            lambda: nn.Sequential(
                *stem(),
                nn.Conv2d(4, 4, 3, padding=1),
                Residual(nn.BatchNorm2d(4), nn.Identity(), LIF()),
                *head(256),
            ),
            "3.branch", r"layer '2' \(Conv2d\)",
        ),
        (
            lambda: nn.Sequential(
                *stem(),
                Residual(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)),
                LIF(),
                *head(256),
            ),
            "2.neuron", "a sum",
        ),
    ],
    ids=["after pool", "after spikes", "conv read elsewhere", "after a sum"],
)  # fmt: skip
def test_a_norm_that_can_not_fold_is_refused(body: Body, name: str, before: str) -> None:
    """A norm folds only into weights right before it that nothing else reads."""
    graph = unfolded(networked(body()), images_for((1, 8, 8)))
    message = rf"^layer '{name}': batch norm after {before} can't be folded\. Put it right after"
    with pytest.raises(UnsupportedLayer, match=message):
        fold_batch_norms(graph)
