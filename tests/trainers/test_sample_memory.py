"""Memory per sample: counted against sizes known beforehand, once per run."""

from pathlib import Path

import torch
from torch import nn

from tests.tiny_training import few_digits, tiny_module
from trainers.fitting import fit, train_network
from trainers.network import SpikingNetwork
from trainers.sample_memory import SavedBytes
from trainers.train_table import TrainTable


def test_saved_tensors_are_counted_once_without_weights() -> None:
    """A linear layer saves its input, a product both factors, of which one is known."""
    layer = nn.Linear(10, 20, bias=False)
    inputs = torch.randn(3, 10)
    with SavedBytes(layer) as saved:
        results = [layer(inputs)]
        assert saved.total == 3 * 10 * 4
        results.append(layer(inputs))
        assert saved.total == 3 * 10 * 4
        results.append((results[0] * results[0].exp()).sum())
        assert saved.total == (3 * 10 + 2 * 3 * 20) * 4
    results[2].backward()
    assert layer.weight.grad is not None


def test_what_nothing_uses_is_not_counted() -> None:
    """A product that is dropped frees what it saved, and its place in memory is taken again."""
    layer = nn.Linear(10, 20, bias=False)
    inputs = torch.randn(3, 10)
    with SavedBytes(layer) as saved:
        outputs = layer(inputs)
        before = saved.total
        dropped = outputs.exp().exp()
        assert saved.total == before + 2 * 3 * 20 * 4
        del dropped
        assert saved.total == before


def test_twice_the_steps_take_about_twice_the_memory() -> None:
    """What a history says of the tiny network at T = 4 and T = 8."""
    four, eight = (
        fit(tiny_module(), few_digits(), epochs=1, time_steps=steps, device="cpu").history[0]
        for steps in (4, 8)
    )
    assert 1.8 < eight["bytes_per_sample"] / four["bytes_per_sample"] < 2.1


def test_a_run_measures_once(tmp_path: Path) -> None:
    """Every epoch has the number of the first mini-batch, and so has a run that goes on."""
    histories = []
    for epochs in (2, 2):
        network = SpikingNetwork(tiny_module(), 2)
        settings = TrainTable(time_steps=2, epochs=epochs, batch_size=32)
        histories.append(
            train_network(
                network, few_digits(), settings, seed=1, device="cpu", folder=tmp_path
            ).history
        )
    numbers = {row["bytes_per_sample"] for history in histories for row in history}
    assert len(numbers) == 1
    assert numbers.pop() > 4 * 64
