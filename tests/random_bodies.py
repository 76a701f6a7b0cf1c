"""Random torch networks of every shape that folding has to cope with, lively and in float64."""

from dataclasses import dataclass
from functools import cache

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.freezing import unfolded
from tests.torch_networks import Residual, images_for, networked
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.threshold import FixedThreshold

SHAPE = (2, 9, 8)
SEEDS = range(40)
STEPS = 4


class TwoHeads(nn.Module):
    """Two populations and a skip read one current; their readouts are added."""

    def __init__(self, current: nn.Module, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.current, self.first, self.second = current, first, second

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both."""
        shared = self.current(x)
        total: Tensor = self.first(shared) + self.second(shared)
        return total


@dataclass(frozen=True)
class Subject:
    """A torch network, the same before any folding, and inputs [N, *SHAPE]."""

    network: SpikingNetwork
    graph: nir.NIRGraph
    inputs: NDArray[np.float64]


@cache
def subject(seed: int) -> Subject:
    """The subject of a seed, which no test may change."""
    network = random_network(seed)
    inputs = images_for(SHAPE, seed=seed)
    return Subject(network, unfolded(network, inputs), inputs.numpy())


def random_network(seed: int, *, time_steps: int = STEPS) -> SpikingNetwork:
    """A network on SHAPE: dense, convolutional, grouped, residual or branched, by its seed."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = networked(FAMILIES[seed % len(FAMILIES)](draw), seed=seed, time_steps=time_steps)
    for _, neuron in network.neurons():
        neuron.set_decay(float(draw.uniform(0.1, 0.9)))
        neuron.decay_input = bool(draw.integers(2))
    enliven(network, images_for(SHAPE, seed=seed))
    return network


def enliven(network: SpikingNetwork, inputs: Tensor) -> None:
    """Thresholds between the membranes that come up, one layer after the other."""
    order: list[LIF] = []
    hooks = [
        neuron.register_forward_pre_hook(lambda module, _: order.append(module))
        for _, neuron in network.neurons()
    ]
    with torch.no_grad():
        network(inputs)
        for hook in hooks:
            hook.remove()
        for neuron in order:
            seen: list[Tensor] = []
            neuron.threshold_rule = FixedThreshold(1e9).double()
            neuron.probe = lambda _t, membrane, _th, _s, seen=seen: seen.append(membrane)
            network(inputs)
            neuron.probe = None
            level = float(torch.cat(seen).quantile(0.7))
            neuron.threshold_rule = FixedThreshold(max(level, 0.05)).double()


def dense(draw: np.random.Generator) -> nn.Module:
    """Linear layers with and without norm and bias."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = 144
    for _ in range(int(draw.integers(1, 4))):
        following = int(draw.integers(5, 20))
        layers.append(nn.Linear(width, following, bias=bool(draw.integers(2))))
        layers += [nn.BatchNorm1d(following) for _ in range(int(draw.integers(0, 3)))]
        layers.append(LIF())
        width = following
    return nn.Sequential(*layers, nn.Linear(width, 3), *_norm1d(draw))


def chain(draw: np.random.Generator) -> nn.Module:
    """Convolutions of all forms with norms and poolings of odd sizes in all places."""
    layers: list[nn.Module] = []
    if draw.integers(2):
        layers.append(_pool(draw))
    channels = SHAPE[0]
    for _ in range(2):
        outputs = channels * int(draw.integers(1, 4))
        layers += [_conv(draw, channels, outputs), *_norm2d(draw, outputs)]
        if draw.integers(3) == 0:
            layers.append(_pool(draw))
        layers.append(LIF())
        if draw.integers(2):
            layers.append(_pool(draw))
        channels = outputs
    if draw.integers(3) == 0:
        layers.append(nn.AdaptiveAvgPool2d(1))
    return _with_head(nn.Sequential(*layers))


def residual(draw: np.random.Generator) -> nn.Module:
    """Sums: convolutions, averaged convolutions, averaged and bare spikes meet."""
    stem = nn.Sequential(nn.Conv2d(SHAPE[0], 4, 3, padding=1), nn.BatchNorm2d(4), LIF())
    branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4))
    skips: list[nn.Module] = [
        nn.Identity(),
        nn.AvgPool2d(3, 1, 1),
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d((1, 3), 1, (0, 1))),
    ]
    skip = skips[int(draw.integers(len(skips)))]
    after: list[nn.Module] = [_pool(draw), LIF()] if draw.integers(2) else [LIF()]
    block = Residual(branch, skip, nn.Sequential(*after))
    second = Residual(
        nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)), nn.Identity(), LIF()
    )
    return _with_head(nn.Sequential(stem, block, second, nn.AvgPool2d(3, 2, 1)))


def branched(draw: np.random.Generator) -> nn.Module:
    """Weights that several populations read, and readouts of which one is averaged."""
    current = nn.Sequential(nn.Conv2d(SHAPE[0], 4, 3, padding=1), nn.BatchNorm2d(4))
    first = _with_head(nn.Sequential(LIF(), _pool(draw)), channels=4)
    averaged = nn.Sequential(
        LIF(), nn.Conv2d(4, 3, 3, groups=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    return TwoHeads(current, first, averaged)


FAMILIES = (dense, chain, residual, branched)


def _conv(draw: np.random.Generator, inputs: int, outputs: int) -> nn.Conv2d:
    kernel = tuple(int(size) for size in draw.choice([(3, 3), (1, 3), (3, 1), (2, 2)]))
    dilation = int(draw.integers(1, 3))
    return nn.Conv2d(
        inputs, outputs, (kernel[0], kernel[1]), stride=int(draw.integers(1, 3)),
        padding=dilation, dilation=dilation,
        groups=inputs if draw.integers(2) else 1, bias=bool(draw.integers(2)),
    )  # fmt: skip


def _pool(draw: np.random.Generator) -> nn.AvgPool2d:
    kernel = (int(draw.integers(1, 4)), int(draw.integers(1, 4)))
    return nn.AvgPool2d(kernel, int(draw.integers(1, 3)), (kernel[0] // 2, kernel[1] // 2))


def _norm2d(draw: np.random.Generator, channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels) for _ in range(int(draw.integers(0, 3)))]


def _norm1d(draw: np.random.Generator) -> list[nn.Module]:
    return [nn.BatchNorm1d(3)] if draw.integers(2) else []


def _with_head(body: nn.Module, channels: int = SHAPE[0]) -> nn.Sequential:
    """Flatten and a linear readout of three classes."""
    network = SpikingNetwork(body, 1).double().eval()
    features = network(torch.zeros(1, channels, *SHAPE[1:]).double())[0, 0].numel()
    return nn.Sequential(body, nn.Flatten(), nn.Linear(features, 3))
