"""Small random networks whose thresholds depend on the step, and their calibration samples."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainers.data import DataSplits
from trainers.methods import METHODS
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

FEATURES = 6


class TwoPaths(nn.Module):
    """Layers joined by a sum: the LIF that is defined last is called first."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(5, 3)
        self.last = LIF(0.6)
        self.inner = nn.Linear(5, 5)
        self.first = LIF(0.3)
        self.stem = nn.Linear(FEATURES, 5)

    def forward(self, rows: Tensor) -> Tensor:
        """Currents [N, 3]."""
        spikes = self.first(self.stem(rows))
        result: Tensor = self.out(self.last(self.inner(spikes) + spikes))
        return result


def chain() -> nn.Sequential:
    """Three LIF layers in a row."""
    return nn.Sequential(
        nn.Linear(FEATURES, 7), LIF(0.3), nn.Linear(7, 5), LIF(0.5), nn.Linear(5, 4), LIF(0.7),
        nn.Linear(4, 3),
    )  # fmt: skip


def with_schedules(
    body: nn.Module, seed: int = 0, *, sequence: bool = False, time_steps: int = 5
) -> SpikingNetwork:
    """Thresholds between 0.3 and 1.2, one per layer and step, in float64."""
    rng = np.random.default_rng(seed)
    network = SpikingNetwork(body, time_steps, sequence=sequence)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    for parameter in body.parameters():
        if parameter.dim():
            parameter.data = torch.from_numpy(rng.normal(size=parameter.shape)).float()
    for name, _ in network.neurons():
        running(network, name).copy_(torch.from_numpy(rng.uniform(0.3, 1.2, time_steps)))
    return network.double().eval()


def running(network: SpikingNetwork, name: str) -> Tensor:
    """The evaluation thresholds [T] of a layer under DS-ATGO, to be changed in place."""
    rule = dict(network.neurons())[name].threshold_rule
    assert isinstance(rule, AdaptiveThreshold)
    return rule.running


def samples(
    number: int, seed: int = 1, *, sequence: bool = False, time_steps: int = 5
) -> NDArray[np.float32]:
    """Normal, [N, F] or [N, T, F]."""
    shape = (number, time_steps, FEATURES) if sequence else (number, FEATURES)
    drawn = np.random.default_rng(seed).normal(size=shape)
    return drawn.astype(np.float32)


class PoisonedSplit:
    """A split that nobody may look at, not even at how long it is."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"the test split was touched: {name}")

    def __len__(self) -> int:
        raise AssertionError("the test split was touched: its length")


def with_poisoned_test(data: DataSplits) -> DataSplits:
    """The same training and validation split; reading anything of the test split fails."""
    poisoned = DataSplits(
        name=data.name, train=data.train, validation=data.validation, test=data.validation,
        classes=data.classes, input_scale=data.input_scale, form=data.form,
    )  # fmt: skip
    object.__setattr__(poisoned, "test", PoisonedSplit())
    return poisoned


class ThatEnds:
    """Lazy inputs of which nothing from a place on can be read."""

    dtype = np.dtype(np.float32)

    def __init__(self, array: NDArray[np.float32], end: int) -> None:
        self.array, self.end, self.shape = array, end, array.shape

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        assert rows.stop <= self.end
        return self.array[rows]
