"""Averages become sums whose division goes elsewhere, exactly; what can't is refused."""

from collections.abc import Callable

import nir
import pytest
from torch import Tensor, nn

from export.errors import UnsupportedLayer
from export.folding.average_pooling import fold_average_pooling
from export.freezing import unfolded
from tests.folding_check import assert_as_torch, assert_lossless, kinds
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import Residual, images_for, networked
from trainers.neurons.lif import LIF


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed: int) -> None:
    """Executor and torch both find the spikes of before; only sums are left."""
    given = subject(seed)
    after = assert_lossless(fold_average_pooling, given.graph, given.inputs)
    assert nir.AvgPool2d not in kinds(after)
    assert_as_torch(after, given.network, given.inputs)


def test_many_random_networks_average() -> None:
    """Over windows of odd and even sizes, so that the test above shows something."""
    windows = [
        tuple(node.kernel_size)
        for seed in SEEDS
        for node in subject(seed).graph.nodes.values()
        if isinstance(node, nir.AvgPool2d)
    ]
    assert len(windows) > 40
    assert {(1, 3), (3, 1), (3, 3), (2, 3)} <= set(windows)


def stem() -> nn.Sequential:
    """Spikes [4, 8, 8]."""
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), LIF(0.3))


def head(features: int) -> nn.Sequential:
    """A readout."""
    return nn.Sequential(nn.Flatten(), nn.Linear(features, 5))


class SharedSum(nn.Module):
    """A sum of a convolution and an averaged one is read by a neuron and by another sum."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.first, self.second = stem(), head(64), head(64)
        self.strided = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.averaged = nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(2))
        self.more = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.fast, self.slow = LIF(0.2), LIF(0.6)

    def forward(self, x: Tensor) -> Tensor:
        """Both readouts."""
        spikes = self.stem(x)
        current = self.strided(spikes) + self.averaged(spikes)
        total: Tensor = self.first(self.fast(current)) + self.second(
            self.slow(current + self.more(spikes))
        )
        return total


class LateReader(nn.Module):
    """A convolution takes on the fraction of averaged spikes, and another neuron reads it later."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.first, self.second = stem(), head(256), head(256)
        self.conv, self.averaged = nn.Conv2d(4, 4, 3, padding=1), nn.AvgPool2d(3, 1, 1)
        self.fast, self.slow = LIF(0.2), LIF(0.6)

    def forward(self, x: Tensor) -> Tensor:
        """Both readouts."""
        spikes = self.stem(x)
        averaged, current = self.averaged(spikes), self.conv(spikes)
        fast = self.fast(averaged + current)
        total: Tensor = self.first(fast) + self.second(self.slow(current))
        return total


class SharedAverage(nn.Module):
    """One convolution's current, averaged for the output and fired for another readout."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = stem(), head(180)
        self.conv, self.pool = nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1)
        self.flatten, self.neuron = nn.Flatten(), LIF()

    def forward(self, x: Tensor) -> Tensor:
        """Average plus readout."""
        current = self.conv(self.stem(x))
        total: Tensor = self.flatten(self.pool(current)) + self.head(self.neuron(current))
        return total


ACCEPTED: dict[str, Callable[[], nn.Module]] = {
    "averaged spikes beside a convolution": lambda: nn.Sequential(
        *stem(),
        Residual(nn.Conv2d(4, 4, 3, 2, 1), nn.AvgPool2d(2), LIF(0.4)),
        *head(64),
    ),
    "1/9 and 1/3 times 1/3 beside each other": lambda: nn.Sequential(
        *stem(),
        Residual(
            nn.AvgPool2d(3, 1, 1),
            nn.Sequential(nn.AvgPool2d((1, 3), 1, (0, 1)), nn.AvgPool2d((3, 1), 1, (1, 0))),
            LIF(0.4),
        ),
        *head(256),
    ),
    "convolution averaged into the output": lambda: nn.Sequential(
        *stem(), nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
    "a sum that is read twice": SharedSum,
    "a convolution that is read again later": LateReader,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ACCEPTED)
def test_sums(name: str, seed: int) -> None:
    """Branches meet in equal fractions, whatever they had to give up or take on."""
    network = networked(ACCEPTED[name](), seed=seed)
    inputs = images_for((1, 8, 8), seed=seed + 100)
    after = assert_lossless(fold_average_pooling, unfolded(network, inputs), inputs.numpy())
    assert_as_torch(after, network, inputs.numpy())


def test_branches_pooled_differently_are_refused() -> None:
    """Spikes averaged over 9 and bare spikes can't be added once the division has moved on."""
    body = nn.Sequential(
        *stem(),
        Residual(nn.AvgPool2d(3, 1, 1), nn.Identity(), nn.Conv2d(4, 4, 3)),
        LIF(),
        *head(144),
    )
    graph = unfolded(networked(body), images_for((1, 8, 8)))
    with pytest.raises(
        UnsupportedLayer, match=r"^layer '2\.neuron': adds .*average-pooled differently\. Put a"
    ):
        fold_average_pooling(graph)


def test_an_average_beside_its_own_source_is_refused() -> None:
    """x + mean(x): the one convolution behind both can't be two sizes at once."""
    body = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        Residual(nn.AvgPool2d(3, 1, 1), nn.Identity(), LIF()),
        *head(256),
    )
    graph = unfolded(networked(body), images_for((1, 8, 8)))
    with pytest.raises(UnsupportedLayer, match="average-pooled differently"):
        fold_average_pooling(graph)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (lambda: nn.Sequential(*stem(), nn.AvgPool2d(2), nn.Flatten()), "3"),
        (SharedAverage, "flatten"),
    ],
    ids=["spikes", "weights that also feed a neuron"],
)
def test_an_average_that_reaches_the_output_is_refused(
    body: Callable[[], nn.Module], name: str
) -> None:
    """Without weights that serve the output alone, its division has nowhere to go."""
    graph = unfolded(networked(body()), images_for((1, 8, 8)))
    message = f"^layer '{name}': an average reaches the output, .* End the network with a linear"
    with pytest.raises(UnsupportedLayer, match=message):
        fold_average_pooling(graph)
