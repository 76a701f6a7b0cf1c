"""Training with augmentation: repeatable, resumable, of training batches only, and optional."""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import (
    copied_state,
    few_digits,
    first,
    same_state,
    tiny_module,
    tiny_network,
)
from trainers.augmentation import Augmentation
from trainers.data import DataSplits, Split
from trainers.errors import ConfigError
from trainers.fitting import Fitted, fit, train_network
from trainers.lightning_module import SpikingClassifier
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import AugmentTable, TrainTable

SETTINGS = TrainTable(time_steps=2, epochs=3, batch_size=32)
BATCHES = 4
"""129 samples in batches of 32, the last one of 33."""

GEOMETRY = AugmentTable(crop_padding=1, flip=True, rotation=20, roll=1, cutout=2)
COLOURS = AugmentTable(crop_padding=1, flip=True, auto_augment="cifar10", cutout=2)


def colour_digits() -> DataSplits:
    """The few digits, tinted: three channels in [0, 1]."""
    tints = np.array([1.0, 0.7, 0.4], dtype=np.float32).reshape(1, 3, 1, 1)

    def tinted(split: Split) -> Split:
        return Split(split.inputs[:] * tints, split.labels)

    grey = few_digits()
    parts = (tinted(grey.train), tinted(grey.validation), tinted(grey.test))
    return DataSplits("colour digits", *parts, grey.classes)


def colour_network() -> SpikingNetwork:
    """The tiny network for three channels."""
    torch.manual_seed(1)
    body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), LIF(), nn.Flatten(), nn.Linear(256, 10))
    network = SpikingNetwork(body, 2)
    METHODS["baseline"].prepare(network, METHODS["baseline"].options())
    return network


def test_nothing_of_it_is_learnt_or_stored() -> None:
    """Neither weights for the optimiser nor entries in a checkpoint."""
    plain = SpikingClassifier(colour_network(), SETTINGS, 10, 0)
    augmentation = Augmentation(COLOURS, colour_digits())
    classifier = SpikingClassifier(colour_network(), SETTINGS, 10, 0, augmentation)
    assert classifier.state_dict().keys() == plain.state_dict().keys()
    assert len(list(classifier.parameters())) == len(list(plain.parameters()))


def train(table: AugmentTable | None, folder: Path | None = None, seed: int = 3) -> Fitted:
    """A short training; on the tinted digits where the policies need colour."""
    colour = table is not None and table.auto_augment is not None
    return train_network(
        colour_network() if colour else tiny_network(), colour_digits() if colour else few_digits(),
        SETTINGS, seed=seed, augment=table, device="cpu", folder=folder, fingerprint="recipe",
    )  # fmt: skip


def interrupt(network: SpikingNetwork, after: int) -> None:
    """Lets Ctrl-C come in a training batch."""
    seen = 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if seen > after:
            raise KeyboardInterrupt

    network.body[0].register_forward_hook(ctrl_c)  # type: ignore[index]


def losses(fitted: Fitted) -> list[float]:
    """The training loss of each epoch."""
    return [row["train_loss"] for row in fitted.history]


def test_a_seed_decides_the_augmentation() -> None:
    """The same weights again from the same seed, others from another or without augmentation."""
    torch.manual_seed(99)
    one = train(GEOMETRY)
    torch.manual_seed(7)
    again = train(GEOMETRY)
    assert same_state(one.network.state_dict(), again.network.state_dict())
    assert losses(one) == losses(again)
    for other in (train(GEOMETRY, seed=4), train(None)):
        assert not same_state(one.network.state_dict(), other.network.state_dict())


@pytest.mark.parametrize("table", [GEOMETRY, COLOURS], ids=["geometry", "colours"])
@pytest.mark.parametrize("after", [BATCHES, 2 * BATCHES + 2])
def test_a_resumed_training_equals_an_unbroken_one(
    tmp_path: Path, table: AugmentTable, after: int
) -> None:
    """Stopped at and inside an epoch: every draw repeats, down to the last bit."""
    unbroken = train(table)
    colour = table.auto_augment is not None
    network = colour_network() if colour else tiny_network()
    interrupt(network, after)
    with pytest.raises(KeyboardInterrupt):
        train_network(
            network, colour_digits() if colour else few_digits(), SETTINGS,
            seed=3, augment=table, device="cpu", folder=tmp_path, fingerprint="recipe",
        )  # fmt: skip
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file()
    resumed = train(table, tmp_path)
    assert same_state(resumed.network.state_dict(), unbroken.network.state_dict())
    assert losses(resumed) == losses(unbroken)


def test_validation_sees_the_data_as_they_are() -> None:
    """The last epoch's validation loss is that of the returned network on unchanged samples."""
    data = few_digits()
    fitted = fit(
        tiny_module(), data, method="baseline", augment={"roll": 1}, time_steps=2, epochs=6,
        batch_size=16, device="cpu",
    )  # fmt: skip
    images = torch.from_numpy(data.validation.inputs)
    labels = torch.from_numpy(data.validation.labels)

    def loss(inputs: Tensor) -> float:
        with torch.no_grad():
            log_shares = fitted.network(inputs).mean(dim=0).double().log_softmax(dim=1)
        return float(-log_shares[torch.arange(len(labels)), labels].mean())

    found = fitted.history[-1]["validation_loss"]
    assert found == pytest.approx(loss(images), rel=1e-5)
    assert found != pytest.approx(loss(images.roll(1, 3)), rel=0.05)


def test_sequences_train_with_augmentation() -> None:
    """Samples [T, C, H, W] reach the operations time-major, with the batch as their samples."""
    digits = few_digits()

    def shown_twice(split: Split) -> Split:
        return Split(np.stack([split.inputs[:], split.inputs[:]], axis=1), split.labels)

    few = first(digits.train, 40)
    data = DataSplits(
        "shown twice", shown_twice(few), shown_twice(digits.validation), shown_twice(digits.test),
        digits.classes, form="sequence",
    )  # fmt: skip
    static = DataSplits("shown once", few, digits.validation, digits.test, digits.classes)
    options: dict[str, Any] = {"epochs": 2, "time_steps": 2, "batch_size": 8, "device": "cpu"}
    augment = {"roll": 2, "flip": True}
    over_time, once, plain = (
        losses(fit(tiny_module(), of, augment=table, **options))
        for of, table in ((data, augment), (static, augment), (static, None))
    )
    assert over_time == once
    assert once != plain


def test_without_augmentation_kornia_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with everything off changes nothing; anything on says what to install."""
    expected = copied_state(train(None).network)
    monkeypatch.delitem(sys.modules, "trainers.augmentation")
    for name in ("kornia", "kornia.augmentation", "kornia.augmentation.auto"):
        monkeypatch.setitem(sys.modules, name, None)
    assert same_state(train(AugmentTable()).network.state_dict(), expected)
    with pytest.raises(
        ConfigError, match=r"augment: kornia can't be .*pip install 'kornia"
    ) as error:
        train(AugmentTable(flip=True))
    assert "\n" not in str(error.value)
    monkeypatch.undo()
    assert importlib.import_module("trainers.augmentation").Augmentation is Augmentation
