"""Training on encoded samples: repeatable, resumable, whoever reads, and what validation sees."""

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.tiny_training import few_digits, same_state, tiny_module
from trainers.data import DataSplits, Split
from trainers.encodings.encoded_splits import encode_data
from trainers.errors import ConfigError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, fit, train_network
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import TrainTable

STEPS = 3
SETTINGS = TrainTable(time_steps=STEPS, epochs=3, batch_size=32)
BATCHES = 4
"""129 samples in batches of 32, the last one of 33."""


def rates(workers: int = 0, seed: int = 3) -> DataSplits:
    """The few digits as random spikes."""
    return encode_data(replace(few_digits(), workers=workers), "rate", time_steps=STEPS, seed=seed)


def train(data: DataSplits, folder: Path | None = None, stop_after: int | None = None) -> Fitted:
    """A short training, interrupted in a training batch if that is wanted."""
    network = SpikingNetwork(tiny_module(), STEPS, sequence=True)
    METHODS["baseline"].prepare(network, METHODS["baseline"].options())
    seen = 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if stop_after is not None and seen > stop_after:
            raise KeyboardInterrupt

    network.body.get_submodule("0").register_forward_hook(ctrl_c)
    return train_network(
        network, data, SETTINGS, seed=3, device="cpu", folder=folder, fingerprint="mine"
    )


@pytest.fixture(scope="module")
def expected() -> Fitted:
    """An unbroken training in one process."""
    return train(rates())


def without_seconds(fitted: Fitted) -> list[dict[str, float]]:
    """Everything in the history but the clock."""
    return [{key: row[key] for key in row if key != "seconds"} for row in fitted.history]


@pytest.mark.parametrize("workers", [1, 3])
def test_readers_draw_what_one_process_draws(expected: Fitted, workers: int) -> None:
    """Bit for bit, and no process is left."""
    fitted = train(rates(workers))
    assert same_state(fitted.network.state_dict(), expected.network.state_dict())
    assert without_seconds(fitted) == without_seconds(expected)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("after", [BATCHES, 2 * BATCHES + 2])
def test_a_resumed_training_draws_what_an_unbroken_one_drew(
    tmp_path: Path, expected: Fitted, after: int
) -> None:
    """Stopped at and inside an epoch, continued with other readers."""
    with pytest.raises(KeyboardInterrupt):
        train(rates(2), tmp_path, stop_after=after)
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file()
    resumed = train(rates(1), tmp_path)
    assert same_state(resumed.network.state_dict(), expected.network.state_dict())
    assert without_seconds(resumed) == without_seconds(expected)


def test_another_seed_of_the_spikes_trains_other_weights(expected: Fitted) -> None:
    """With all else the same."""
    other = train(rates(seed=4))
    assert not same_state(other.network.state_dict(), expected.network.state_dict())


def seen_in_training(data: DataSplits) -> list[np.ndarray]:
    """The batches of three epochs, as the network gets them, without the last epoch's rest."""
    batches: list[np.ndarray] = []
    network = SpikingNetwork(tiny_module(), STEPS, sequence=True)
    METHODS["baseline"].prepare(network, METHODS["baseline"].options())

    def keep(_module: object, given: tuple[torch.Tensor, ...]) -> None:
        if network.training:
            batches.append(given[0].detach().numpy().copy())

    network.register_forward_pre_hook(keep)
    train_network(network, data, SETTINGS, seed=3, device="cpu")
    return batches


def test_each_epoch_shows_other_spikes_of_the_same_digits() -> None:
    """Every batch holds its epoch's draws of its samples, time-major."""
    data = rates()
    batches = seen_in_training(data)
    assert len(batches) == 3 * BATCHES
    epochs = [
        np.concatenate(batches[start : start + BATCHES], axis=1)
        for start in (0, BATCHES, 2 * BATCHES)
    ]
    for epoch, found in enumerate(epochs):
        drawn = data.train.inputs.in_epoch(epoch)[:]  # type: ignore[attr-defined]
        assert {sample.tobytes() for sample in found.swapaxes(0, 1)} == {
            sample.tobytes() for sample in drawn
        }
    assert not np.array_equal(np.sort(epochs[0], axis=None), np.sort(epochs[1], axis=None))


def test_validation_sees_the_same_spikes_in_every_epoch(expected: Fitted) -> None:
    """The last row of the history is what an evaluation gives afterwards."""
    found = evaluate(expected.network, rates().validation).accuracy
    assert expected.history[-1]["validation_accuracy"] == pytest.approx(found)


def test_fit_takes_the_keys_of_the_table() -> None:
    """As the recipe's [encoding]; the network then takes sequences, and learns."""
    table = {"name": "latency", "time": "logarithmic", "threshold": 0.05}
    fitted = fit(
        tiny_module(), few_digits(), method="baseline", encoding=table, time_steps=4, epochs=12,
        batch_size=16, device="cpu", seed=1,
    )  # fmt: skip
    options: dict[str, Any] = {key: table[key] for key in ("time", "threshold")}
    data = encode_data(few_digits(), "latency", time_steps=4, seed=1, **options)
    assert fitted.network.sequence
    found = fitted.history[-1]["validation_accuracy"]
    assert found == pytest.approx(evaluate(fitted.network, data.validation).accuracy)
    assert found > 0.3


def test_fit_encodes_with_its_own_seed() -> None:
    """The validation spikes are those of encode_data with the same seed and time steps."""
    body, seen = tiny_module(), []

    def keep(module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if not module.training:
            seen.append(given[0].numpy().copy())

    body.register_forward_pre_hook(keep)
    fit(
        body, few_digits(), method="baseline", encoding={"name": "rate"}, time_steps=STEPS,
        epochs=1, batch_size=64, device="cpu", seed=7,
    )  # fmt: skip
    expected = rates(seed=7).validation.inputs[:].swapaxes(0, 1).reshape(-1, 1, 8, 8)
    assert any(np.array_equal(batch, expected) for batch in seen)


def test_fit_names_the_faults_of_the_table() -> None:
    """With those of other arguments; combinations by name."""
    with pytest.raises(ConfigError, match=r"fit: encoding\.gain: unknown key; method: unknown 'x'"):
        fit(tiny_module(), few_digits(), method="x", encoding={"name": "rate", "gain": 1})
    with pytest.raises(ConfigError, match="encoding 'delta': takes sequences, but data set 'few"):
        fit(tiny_module(), few_digits(), encoding={"name": "delta"})


def test_geometry_moves_spikes_as_it_would_move_pixels() -> None:
    """Crop, flip, nearest rotation, roll and cutout of latencies: before or after, the same."""
    from trainers.augmentation import Augmentation
    from trainers.recipe import AugmentTable

    table = AugmentTable(crop_padding=2, flip=True, rotation=30, roll=2, cutout=3)
    images = few_digits()
    spikes = encode_data(images, "latency", time_steps=5)
    torch.manual_seed(0)
    moved = Augmentation(table, images)(torch.from_numpy(images.test.inputs[:]))
    before = replace(images, test=Split(moved.numpy(), images.test.labels))
    first = encode_data(before, "latency", time_steps=5).test.inputs[:]
    torch.manual_seed(0)
    over_time = torch.from_numpy(spikes.test.inputs[:]).transpose(0, 1)
    later = Augmentation(table, spikes)(over_time).transpose(0, 1)
    assert not np.array_equal(first, spikes.test.inputs[:])
    np.testing.assert_array_equal(later.numpy(), first)


def test_colour_policies_are_refused_on_spikes() -> None:
    """They change values, and a changed spike is no spike."""
    pixels = few_digits()

    def colour(split: Split) -> Split:
        return Split(np.repeat(split.inputs[:], 3, axis=1), split.labels)

    data = replace(
        pixels, train=colour(pixels.train), validation=colour(pixels.validation),
        test=colour(pixels.test),
    )  # fmt: skip
    body = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), LIF(), nn.Linear(8, 10))
    with pytest.raises(ConfigError, match=r"augment\.auto_augment: its policies are for"):
        fit(body, data, encoding={"name": "rate"}, augment={"auto_augment": "cifar10"})
