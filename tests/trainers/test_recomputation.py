"""Activation checkpointing: the same step with less memory, and no statistic moved twice."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import copied_state, few_digits, same_state, tiny_module
from trainers.build import build_network
from trainers.fitting import fit
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import parse_recipe
from trainers.recomputation import recomputing
from trainers.sample_memory import SavedBytes


class Branches(nn.Module):
    """A network with a forward pass of its own, a block, a list and a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), LIF())
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(4, 4, 1), nn.Dropout(0.3), LIF()) for _ in range(2)
        )
        self.last = LIF()
        self.head = nn.Linear(4 * 64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        """Branches are added before the last layer."""
        spikes = self.stem(inputs)
        total = sum(branch(spikes) for branch in self.branches)
        outputs: Tensor = self.head(self.last(total).flatten(1))
        return outputs


def shipped(name: str) -> Callable[[], nn.Module]:
    """A network of the table, small."""
    options = {"conv-small": {"channels": [4, 6]}, "resnet": {"channels": [4, 6], "blocks": [1, 1]}}

    def build() -> nn.Module:
        recipe = parse_recipe(
            {
                "data": {"name": "digits"}, "network": {"name": name, **options.get(name, {})},
                "method": {"use": "baseline"},
            },
            "shipped",
        )  # fmt: skip
        return build_network(recipe, few_digits()).body

    return build


BODIES: dict[str, Callable[[], nn.Module]] = {
    "tiny": tiny_module,
    "branches": Branches,
    "mlp": shipped("mlp"),
    "conv-small": shipped("conv-small"),
}


def step(build: Callable[[], nn.Module], method: str, *, recompute: bool) -> dict[str, Tensor]:
    """Gradients, weights and statistics of a training pass, and what is drawn next."""
    torch.manual_seed(2)
    network = SpikingNetwork(build(), 3, sample_shape=(1, 8, 8))
    install(network, METHODS, {method: METHODS[method].options()})
    network.train()
    inputs = torch.from_numpy(few_digits().train.inputs[:16])
    labels = torch.from_numpy(few_digits().train.labels[:16])
    torch.manual_seed(3)
    with recomputing(network.body) if recompute else nullcontext():
        outputs, auxiliary = network.forward_all(inputs)
        loss = network.loss(outputs, auxiliary, labels, network.readout, 0.1)
        loss.backward()
    gradients = {
        f"gradient of {name}": weight.grad.clone()
        for name, weight in network.named_parameters()
        if weight.grad is not None
    }
    assert len(gradients) > 2
    drawn = {"loss": loss.detach(), "next draw": torch.rand(4)}
    return {**copied_state(network), **gradients, **drawn}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_the_same_step(method: str) -> None:
    """Bit for bit: loss, gradients, running thresholds and norms, masks, and the next draws."""
    body = BODIES["conv-small"]
    assert same_state(step(body, method, recompute=True), step(body, method, recompute=False))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("method", ["ds-atgo", "msg"])
def test_every_network_takes_the_same_step(body: str, method: str) -> None:
    """Sequential or not, with lists, branches and dropout."""
    found, expected = (step(BODIES[body], method, recompute=on) for on in (True, False))
    assert same_state(found, expected)


def saved(build: Callable[[], nn.Module], *, recompute: bool) -> int:
    """Bytes that the forward pass saves."""
    torch.manual_seed(2)
    network = SpikingNetwork(build(), 8).train()
    inputs = torch.from_numpy(few_digits().train.inputs[:16])
    with (
        recomputing(network.body) if recompute else nullcontext(),
        SavedBytes(network) as saved_bytes,
    ):
        outputs = network(inputs)
    assert outputs.requires_grad
    return saved_bytes.total


@pytest.mark.parametrize("body", ["tiny", "branches", "conv-small"])
def test_less_is_kept(body: str) -> None:
    """Less than half of what the forward pass keeps otherwise."""
    assert 0 < saved(BODIES[body], recompute=True) < saved(BODIES[body], recompute=False) / 2


def test_the_network_is_as_before_afterwards() -> None:
    """Forward passes, names and evaluation; in the block too, evaluation is untouched."""
    network = SpikingNetwork(Branches(), 3).eval()
    inputs = torch.from_numpy(few_digits().train.inputs[:4])
    names, expected = list(network.state_dict()), network(inputs)
    with recomputing(network.body):
        assert list(network.state_dict()) == names
        assert torch.equal(network(inputs), expected)
        assert any("forward" in vars(part) for part in network.body.modules())
    assert not any("forward" in vars(part) for part in network.body.modules())
    assert torch.equal(network(inputs), expected)


def test_training_with_it_gives_the_same_weights_and_says_what_it_takes() -> None:
    """Bit for bit over epochs, for a third of the memory."""
    runs = [
        fit(
            tiny_module(), few_digits(), epochs=2, time_steps=6, checkpoint_activations=on,
            ema_decay=0.9, device="cpu",
        )
        for on in (True, False)
    ]  # fmt: skip
    assert same_state(runs[0].network.state_dict(), runs[1].network.state_dict())
    kept, whole = (run.history[0]["bytes_per_sample"] for run in runs)
    assert 0 < kept < whole / 3
