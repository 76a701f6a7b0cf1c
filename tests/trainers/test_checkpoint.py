"""Checkpoints from elsewhere: truncated, hostile, damaged, another network's."""

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.tiny_training import copied_state, same_state, tiny_network
from trainers.checkpoint import load_weights, read_checkpoint
from trainers.errors import CheckpointError
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def save(path: Path, **changed: Any) -> Path:
    """A checkpoint of the tiny network, with some weights replaced."""
    weights = {f"network.{name}": tensor for name, tensor in tiny_network().state_dict().items()}
    torch.save({"state_dict": {**weights, **changed}, "epoch": 3}, path)
    return path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A whole one."""
    return save(tmp_path / "last.ckpt")


def one_line(path: Path) -> str:
    """The message for a file that isn't a checkpoint."""
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)


def test_weights_and_buffers_come_back(checkpoint: Path) -> None:
    """Running thresholds included; other entries of the file don't disturb."""
    network = tiny_network(seed=5)
    load_weights(network, checkpoint)
    assert same_state(copied_state(network), tiny_network().state_dict())
    assert read_checkpoint(checkpoint)["epoch"] == 3


def test_a_missing_checkpoint_says_how_to_make_one(tmp_path: Path) -> None:
    """Also where a folder stands in its place."""
    assert "no checkpoint. Train first" in one_line(tmp_path / "none.ckpt")
    assert "no checkpoint. Train first" in one_line(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_a_truncated_checkpoint_is_refused(checkpoint: Path, kept: float) -> None:
    """From nothing to all but the last bytes."""
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(kept * len(content))])
    assert "not a readable checkpoint" in one_line(checkpoint)


def test_any_damage_to_the_pickle_is_read_or_refused(checkpoint: Path) -> None:
    """Changed bytes never end in another exception: 150 mutations of the file's own pickle."""
    source = zipfile.ZipFile(io.BytesIO(checkpoint.read_bytes()))
    entries = {name: source.read(name) for name in source.namelist()}
    rng = random.Random(0)
    refused = 0
    for _ in range(150):
        with zipfile.ZipFile(checkpoint, "w") as damaged:
            for name, content in entries.items():
                damaged.writestr(name, mutated(content, rng) if "data.pkl" in name else content)
        try:
            read_checkpoint(checkpoint)
        except CheckpointError:
            refused += 1
    assert refused > 75


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Three random bytes replaced."""
    changed = bytearray(content)
    for _ in range(3):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


class Payload:
    """A pickle that touches a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return (Path.touch, (self.marker,))


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    """The same file, loaded the old way, would have run it."""
    marker, path = tmp_path / "ran", tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, "callbacks": Payload(marker)}, path)
    assert "not a readable checkpoint" in one_line(path)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("content", [[1, 2], {"weights": 1}, {"state_dict": {"network.x": "text"}}])
def test_a_file_without_weights_is_refused(tmp_path: Path, content: object) -> None:
    """Plain data that torch can read needn't be a checkpoint."""
    torch.save(content, tmp_path / "other.ckpt")
    assert "holds no weights" in one_line(tmp_path / "other.ckpt")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_counted_and_named(tmp_path: Path, value: float) -> None:
    """The network keeps the weights it had."""
    bad = torch.zeros(10, 64)
    bad[2, 3] = bad[5, 5] = value
    path = save(tmp_path / "last.ckpt", **{"network.body.6.weight": bad})
    network = tiny_network(seed=5)
    with pytest.raises(CheckpointError, match=r"'body\.6\.weight': 2 of 640 values are NaN or inf"):
        load_weights(network, path)
    assert same_state(copied_state(network), tiny_network(seed=5).state_dict())


def test_another_network_s_checkpoint_is_refused(checkpoint: Path) -> None:
    """Other layers, or the same layers over another number of steps."""
    other = SpikingNetwork(nn.Sequential(nn.Linear(3, 3), LIF()), 2)
    for network in (other, tiny_network(time_steps=3), tiny_network(method="baseline")):
        with pytest.raises(CheckpointError, match="belongs to another network") as error:
            load_weights(network, checkpoint)
        assert "\n" not in str(error.value)
