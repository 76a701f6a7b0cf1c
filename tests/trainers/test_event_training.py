"""Training on event recordings, from files as their cameras wrote them to a test accuracy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.event_files import Events, atis_bytes, write_recordings
from tests.tiny_training import same_state
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import DataError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, fit
from trainers.neurons.lif import LIF

STEPS = 4


def recording(digit: int, number: int) -> Events:
    """A spot that wanders; row and column tell the digit."""
    random = np.random.default_rng([digit, number])
    times = np.sort(random.integers(0, 300_000, 200))
    x = 7 * (digit % 5) + random.integers(0, 6, 200)
    y = 17 * (digit // 5) + random.integers(0, 17, 200)
    return np.stack([times, x, y, random.integers(0, 2, 200)], axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 recordings in N-MNIST's folders; read it, never change it."""
    return write_recordings(
        tmp_path_factory.mktemp("n-mnist"),
        {
            f"{part}/{digit}/{number:05}.bin": atis_bytes(recording(digit, number))
            for part, numbers in (("Train", range(6)), ("Test", range(6, 8)))
            for digit in range(10)
            for number in numbers
        },
    )


def loaded(folder: Path, cache: Path, workers: int = 0) -> DataSplits:
    """Frames of 4 steps, summed to 5 x 5."""
    return load_data("n-mnist", path=folder, cache=cache, frames=STEPS, size=5, workers=workers)


def trained(data: DataSplits, **settings: Any) -> Fitted:
    """A small network on the spot's place."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Flatten(), nn.Linear(50, 40), LIF(), nn.Linear(40, 10))
    return fit(
        body, data, device="cpu", batch_size=16, **{"time_steps": STEPS, "epochs": 15, **settings}
    )


def test_recordings_are_learnt(folder: Path, tmp_path: Path) -> None:
    """Digits that training has never seen; a second run reads the kept frames to the same end."""
    data = loaded(folder, tmp_path)
    fitted = trained(data)
    assert evaluate(fitted.network, data.test).accuracy > 0.9
    again = trained(loaded(folder, tmp_path, workers=1))
    assert same_state(fitted.network.state_dict(), again.network.state_dict())


def test_other_time_steps_are_refused(folder: Path, tmp_path: Path) -> None:
    """Frames and network must have the same T."""
    with pytest.raises(DataError, match=r"4 time steps in .*, expected 6\. Set time_steps to the"):
        trained(loaded(folder, tmp_path), time_steps=6, epochs=1)


def test_events_are_augmented_like_other_frames(folder: Path, tmp_path: Path) -> None:
    """All steps of a recording alike; the network still learns something."""
    data = loaded(folder, tmp_path)
    fitted = trained(data, augment={"roll": 1, "flip": True}, epochs=2)
    assert len(fitted.history) == 2
    assert np.isfinite(evaluate(fitted.network, data.test).logits).all()
