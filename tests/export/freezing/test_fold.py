"""Folding norms, averages and thresholds must not change a single spike."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing.float_graph import FloatGraph, Neuron, Norm, Pool
from export.freezing.fold import fold_norms, fold_pooling, require_foldable, rescale_thresholds
from export.freezing.trace import trace
from tests.float_graph_run import run_float_graph
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
)
from trainers.neurons.lif import LIF

Body = Callable[[], nn.Module]


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


def folded(graph: FloatGraph) -> FloatGraph:
    """All foldings in freezing's order."""
    result = rescale_thresholds(fold_pooling(fold_norms(graph)))
    require_foldable(result)
    return result


def traced(body: nn.Module, shape: tuple[int, ...], seed: int = 0) -> FloatGraph:
    """The float graph of a random network."""
    network = networked(body, seed=seed)
    return trace(body, images_for(shape, network.time_steps), constant_thresholds(network))


def check(body: nn.Module, shape: tuple[int, ...], seed: int) -> FloatGraph:
    """Torch, the unfolded and the folded graph fire alike; returns the folded graph."""
    network = networked(body, seed=seed)
    inputs = images_for(shape, seed=seed + 100)
    outputs, spikes = run_torch(network, inputs)
    assert_lively(spikes)
    graph = traced(body, shape, seed)
    for candidate in (graph, folded(graph)):
        found, fired = run_float_graph(candidate, inputs, network.time_steps)
        assert fired.keys() == spikes.keys()
        for name in spikes:
            np.testing.assert_array_equal(fired[name], spikes[name], err_msg=name)
        np.testing.assert_allclose(found, outputs, rtol=0, atol=1e-9)
    return folded(graph)


def thresholds(graph: FloatGraph) -> dict[str, float]:
    """Threshold of each neuron."""
    return {
        layer.name: layer.operation.threshold
        for layer in graph.layers
        if isinstance(layer.operation, Neuron)
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
    assert plain["2.neuron"] == constant_thresholds(network)["2.neuron"] != 1.0
    assert plain["1"] == 1.0
    skip = thresholds(check(RESIDUALS["pooled skip beside a strided conv"](), (1, 8, 8), 0))
    assert skip["2.neuron"] == 4 * plain["2.neuron"]


def test_weights_that_feed_two_populations_stay() -> None:
    """One convolution can't be divided by two different thresholds."""
    network = networked(TwoReaders(), seed=0)
    kept = thresholds(folded(traced(network.body, (1, 8, 8))))
    assert kept == constant_thresholds(network)


def test_folding_changes_neither_the_graph_nor_the_module() -> None:
    """Each folding is a pure function: the graph it was given still holds the module's weights."""
    network = networked(conv_body())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    graph = traced(network.body, (1, 8, 8))
    weights = {layer.name: getattr(layer.operation, "weight", None) for layer in graph.layers}
    copies = {name: None if w is None else w.copy() for name, w in weights.items()}
    folded(graph)
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, copies[name])
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (lambda: nn.Sequential(*stem(), pooled(), nn.BatchNorm2d(4), *head(64)), "3"),
        (lambda: nn.Sequential(*stem(), nn.BatchNorm2d(4), *head(256)), "2"),
        (lambda: nn.Sequential(nn.BatchNorm2d(1), *stem(), *head(256)), "0"),
        (
            lambda: nn.Sequential(
                *stem(),
                nn.Conv2d(4, 4, 3, padding=1),
                Residual(nn.BatchNorm2d(4), nn.Identity(), LIF()),
                *head(256),
            ),
            "3.branch",
        ),
    ],
    ids=["after pool", "after spikes", "on the input", "conv read elsewhere"],
)
def test_a_norm_that_can_not_fold_is_refused(body: Body, name: str) -> None:
    """A norm folds only into weights right before it that nothing else reads."""
    with pytest.raises(UnsupportedLayer, match=f"layer '{name}': batch norm after .*Put it right"):
        folded(traced(body(), (1, 8, 8)))


def test_branches_pooled_differently_are_refused() -> None:
    """Spikes averaged over 4 and bare spikes can't be added once the division has moved on."""
    body = nn.Sequential(
        *stem(),
        Residual(nn.AvgPool2d(3, 1, 1), nn.Identity(), nn.Conv2d(4, 4, 3)),
        LIF(),
        *head(144),
    )
    with pytest.raises(UnsupportedLayer, match=r"layer 'add\(\)': .*average-pooled differently"):
        folded(traced(body, (1, 8, 8)))


def test_pooled_spikes_at_the_output_are_refused() -> None:
    """Without weights behind it, an average has nowhere to move its division."""
    body = nn.Sequential(*stem(), pooled(), nn.Flatten())
    with pytest.raises(UnsupportedLayer, match="layer '3': an average reaches the output"):
        folded(traced(body, (1, 8, 8)))


class SharedAverage(nn.Module):
    """One convolution's current, averaged for the output and fired for another readout."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = stem()
        self.conv = nn.Conv2d(4, 5, 3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.neuron = LIF()
        self.head = head(180)

    def forward(self, x: Tensor) -> Tensor:
        """Average plus readout."""
        current = self.conv(self.stem(x))
        total: Tensor = self.flatten(self.pool(current)) + self.head(self.neuron(current))
        return total


def test_weights_that_also_feed_a_neuron_do_not_take_the_outputs_division() -> None:
    """Dividing them for the output would starve the neuron, silently; so it is refused."""
    with pytest.raises(UnsupportedLayer, match="an average reaches the output"):
        folded(traced(SharedAverage(), (1, 8, 8)))


def test_leftovers_are_refused() -> None:
    """What NIR has no word for must not slip through."""
    graph = traced(conv_body(), (1, 8, 8))
    with pytest.raises(InvalidGraph, match=r"left unfolded \(Norm\)"):
        require_foldable(graph)
    with pytest.raises(InvalidGraph, match=r"left unfolded \(Pool\)"):
        require_foldable(fold_norms(graph))
    summed = fold_pooling(fold_norms(graph))
    assert all(
        layer.operation == replace(layer.operation, summed=True)
        for layer in summed.layers
        if isinstance(layer.operation, Pool)
    )
    assert not any(isinstance(layer.operation, Norm) for layer in summed.layers)
    require_foldable(summed)
