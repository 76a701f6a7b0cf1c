"""Torch networks, frozen and quantised, and whether torch on integers fires as the chip does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.chip.graph import InputForm
from export.freezing import freeze
from export.qat import integer_network
from export.quantizing import Quantization, encode, quantization
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.torch_networks import Residual, TwoReaders, conv_body, conv_norm, networked
from trainers.data import Split
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)


class AddedSpikes(nn.Module):
    """Spikes of a block are added to those of its input, and the sum is convolved and read out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*conv_norm(1, 4), LIF(0.2))
        self.block = nn.Sequential(*conv_norm(4, 4), LIF(0.5))
        self.behind = nn.Sequential(*conv_norm(4, 4), LIF(0.3))
        self.readout = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))

    def forward(self, x: Tensor) -> Tensor:
        """Currents of the readout."""
        x = self.stem(x)
        x = self.block(x) + x
        currents: Tensor = self.readout(self.behind(x) + x)
        return currents


class BareOutput(nn.Module):
    """A matrix beside bare spikes, into a population and into the output; two biases meet."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), LIF(0.5))
        self.second = nn.Linear(6, 6)
        self.neuron = LIF(0.25)
        self.left, self.right = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Currents of the readout."""
        x = self.first(x)
        y = self.neuron(self.second(x) + x)
        total: Tensor = self.left(x) + self.right(y) + y
        return total


BODIES: dict[str, Callable[[], nn.Module]] = {
    "digits recipe": conv_body,
    "bare shortcut": lambda: nn.Sequential(
        *conv_norm(1, 4), LIF(0.2), Residual(conv_norm(4, 4), nn.Identity(), LIF(0.4)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    ),
    "strided shortcut": lambda: nn.Sequential(
        *conv_norm(1, 4), LIF(0.2),
        Residual(conv_norm(4, 6, stride=2), nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(4, 6, 1)),
                 LIF(0.6)),
        nn.Flatten(), nn.Linear(96, 5),
    ),
    "added spikes": AddedSpikes,
    "bare output": BareOutput,
    "one conv, two populations": TwoReaders,
    "groups, rectangles, convolved readout": lambda: nn.Sequential(
        nn.Conv2d(1, 4, (3, 5), padding="same"), LIF(0.7),
        nn.Conv2d(4, 4, 3, groups=2, stride=2), nn.BatchNorm2d(4), LIF(0.3),
        nn.Conv2d(4, 5, 3), nn.Flatten(),
    ),
    "rows that nobody reads": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 2), LIF(0.2), nn.AvgPool2d(2), *conv_norm(4, 6), LIF(0.4),
        nn.Flatten(), nn.Linear(54, 5),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One network all the way.

    Args:
        network: trained, so to speak.
        graph: frozen.
        quantised: its integers.
        inputs: float32, as the network takes them.
    """

    network: SpikingNetwork
    graph: nir.NIRGraph
    quantised: Quantization
    inputs: NDArray[np.float32]


def case(
    name: str, form: InputForm = "bias", bits: int = 8, seed: int = 3, **quantising: Any
) -> Case:
    """A network of the table on random inputs, which are 0 and 1 for form `spikes`."""
    return quantised_case(networked(BODIES[name](), seed=seed), form, bits, seed, **quantising)


def quantised_case(
    network: SpikingNetwork, form: InputForm, bits: int, seed: int = 3, **quantising: Any
) -> Case:
    """A network on random images."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((24, *SHAPE), dtype=np.float32)
    inputs = (drawn < 0.4).astype(np.float32) if form == "spikes" else drawn
    graph = freeze(network, inputs)
    integers = quantization(graph, inputs, input_form=form, weight_bits=bits, **quantising)
    return Case(network, graph, integers, inputs)


def assert_equal_to_the_emulator(found: Case, *, lively: bool = True) -> None:
    """Spikes of every population and logits, to the last bit, on the balanced chip graph."""
    split = Split(found.inputs, np.zeros(len(found.inputs), dtype=np.int64))
    trained = integer_network(found.graph, found.quantised, found.network)
    done = evaluate(trained, split, record_spikes=True, batch_size=10)
    chip = found.quantised.chip
    trace = simulate(chip, encode(found.graph, chip, found.inputs), record=True)
    expected = set(found.graph.nodes) & set(trace.recordings) & set(done.spikes)
    assert set(done.spikes) == expected
    for name, spikes in done.spikes.items():
        fired = np.moveaxis(trace.recordings[name]["s"], 1, 0)
        assert int((fired != spikes).sum()) == 0, name
        assert not lively or 0.005 < spikes.mean() < 0.98, f"{name}: {spikes.mean():.3f}"
    np.testing.assert_array_equal(done.logits, chip_logits(trace))


def trainable(network: SpikingNetwork) -> dict[str, torch.Tensor]:
    """Gradients by node of a network on integers."""
    found = {}
    for module in network.modules():
        weight, name = getattr(module, "weight", None), getattr(module, "name", None)
        if isinstance(weight, nn.Parameter) and name is not None and weight.grad is not None:
            found[name] = weight.grad
    return found
