"""Torch networks with random weights, norms and thresholds, as a user might have trained them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainers.evaluation import recorded_spikes
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.threshold import FixedThreshold

Spikes = dict[str, NDArray[np.bool_]]


class Residual(nn.Module):
    """Adds what a branch makes of its input to what a shortcut makes of it, then fires."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module, neuron: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut
        self.neuron = neuron

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the sum."""
        summed: Tensor = self.neuron(self.branch(x) + self.shortcut(x))
        return summed


class TwoReaders(nn.Module):
    """One convolution feeds two populations, whose spikes go to one readout each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.fast = LIF(0.2)
        self.slow = LIF(0.8)
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(256, 3))
        self.second = nn.Sequential(nn.Flatten(), nn.Linear(256, 3))

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both readouts."""
        current = self.conv(x)
        total: Tensor = self.first(self.fast(current)) + self.second(self.slow(current))
        return total


def conv_norm(inputs: int, outputs: int, **options: int) -> nn.Sequential:
    """A 3x3 convolution and its norm."""
    conv = nn.Conv2d(inputs, outputs, 3, **{"padding": 1, **options}, bias=False)  # type: ignore[arg-type]
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def gains(body: nn.Module) -> dict[str, float]:
    """The gain of each batch norm by path, which is the same for all of its channels."""
    norms = {
        name: module
        for name, module in body.named_modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    }
    for norm in norms.values():
        assert torch.equal(norm.weight, norm.weight[:1].expand_as(norm.weight))
    return {name: float(norm.weight[0].detach()) for name, norm in norms.items()}


def conv_body() -> nn.Sequential:
    """conv-norm-LIF-pool twice, then linear, on [1, 8, 8]."""
    return nn.Sequential(
        *conv_norm(1, 6), LIF(0.2), nn.AvgPool2d(2),
        *conv_norm(6, 8), LIF(0.4), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(32, 5),
    )  # fmt: skip


def networked(
    body: nn.Module, *, seed: int = 0, time_steps: int = 4, sequence: bool = False
) -> SpikingNetwork:
    """The body over time, float64, with random weights, norm statistics and constant thresholds."""
    network = SpikingNetwork(body, time_steps, sequence=sequence).double().eval()
    generator = torch.Generator().manual_seed(seed)
    for module in body.modules():
        _randomise(module, generator)
    return network


def constant_thresholds(network: SpikingNetwork) -> dict[str, float]:
    """Threshold of each LIF, by path."""
    return {name: thresholds(neuron, 1)[0] for name, neuron in network.neurons()}


def thresholds(neuron: LIF, time_steps: int) -> list[float]:
    """Evaluation thresholds of a layer that has one per step."""
    schedule = neuron.threshold_rule.schedule(time_steps)
    assert schedule is not None
    found: list[float] = schedule.tolist()
    return found


def images_for(shape: tuple[int, ...], samples: int = 6, seed: int = 1) -> Tensor:
    """Random inputs in [0, 1], float64 [N, *shape]."""
    return torch.rand(samples, *shape, generator=torch.Generator().manual_seed(seed)).double()


def run_torch(network: SpikingNetwork, inputs: Tensor) -> tuple[NDArray[np.float64], Spikes]:
    """Outputs [T, N, classes] and each LIF's spikes [T, N, ...]."""
    with torch.no_grad(), recorded_spikes(network) as record:
        outputs = network(inputs).numpy()
    steps = network.time_steps
    return outputs, {
        name: fired.unflatten(0, (steps, -1)).bool().numpy() for name, fired in record.items()
    }


def assert_lively(spikes: Spikes) -> None:
    """Every population fires, and none all the time: otherwise equal spikes would mean little."""
    for name, fired in spikes.items():
        assert 0.01 < fired.mean() < 0.95, f"{name} fires in {fired.mean():.1%} of its steps"


def _randomise(module: nn.Module, generator: torch.Generator) -> None:
    def uniform(tensor: Tensor, low: float, high: float) -> None:
        tensor.uniform_(low, high, generator=generator)

    with torch.no_grad():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.normal_(0.1 / fan_in**0.5, 2.0 / fan_in**0.5, generator=generator)
            if module.bias is not None:
                uniform(module.bias, -0.1, 0.3)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            ranges: list[tuple[Tensor | None, float, float]] = [
                (module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 2.0),
                (module.weight, 0.5, 1.5), (module.bias, -0.2, 0.6),
            ]  # fmt: skip
            for tensor, low, high in ranges:
                if tensor is not None:
                    uniform(tensor, low, high)
        elif isinstance(module, LIF):
            value = 0.3 + 0.6 * float(torch.rand(1, generator=generator))
            module.threshold_rule = FixedThreshold(value).double()


Body = Callable[[], nn.Module]
