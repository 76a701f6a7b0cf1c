import shutil
import sysconfig
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import trainers
from trainers.data.splits import DataSplits, Split
from trainers.errors import ConfigError
from trainers.fused_training import (
    WORTH_COMPILING,
    PlainLoopWarning,
    fused_training,
    neuron_updates,
)
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.train_table import TrainTable

T = 3


def data(samples: int = 8) -> DataSplits:
    generator = np.random.default_rng(0)
    split = Split(
        generator.random((samples, 1, 4, 4), dtype=np.float32),
        np.arange(samples, dtype=np.int64) % 2,
    )
    return DataSplits("random", split, split, split, ("a", "b"))


def network() -> SpikingNetwork:
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(1, 5, 3, padding=1), LIF(), nn.Flatten(), nn.Linear(80, 7), LIF(), nn.Linear(7, 2)
    )
    return SpikingNetwork(body, T)


def table(fused: str, epochs: int = 1) -> TrainTable:
    return TrainTable.model_validate({"fused": fused, "epochs": epochs, "time_steps": T})


def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = lambda name: None  # noqa: E731
    monkeypatch.setattr(shutil, "which", nothing)


def test_updates_are_neurons_times_steps_samples_and_epochs() -> None:
    """5 x 16 neurons of the convolution and 7 of the linear layer, at each of three steps."""
    assert neuron_updates(network(), data(8), epochs=10) == (80 + 7) * T * 8 * 10


def test_auto_fuses_what_is_long_enough() -> None:
    """One epoch more than the work that a compilation is worth, and one less."""
    enough = WORTH_COMPILING // neuron_updates(network(), data(), epochs=1)
    for epochs, fused in ((enough - 1, False), (enough + 1, True)):
        built = network()
        with fused_training(built, data(), table("auto", epochs), "cpu"):
            assert all(neuron.fused is fused for _, neuron in built.neurons())
            weight = built.body[0].weight  # type: ignore[index]
            assert weight.is_contiguous(memory_format=torch.channels_last)
        assert not any(neuron.fused for _, neuron in built.neurons())


def test_weights_keep_their_values_and_get_their_layout_back() -> None:
    """Channels last is for the training alone, also after an error."""
    built = network()
    before = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    layouts = {name: tensor.stride() for name, tensor in built.state_dict().items()}

    def stopped() -> None:
        with fused_training(built, data(), table("on"), "cpu"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        stopped()
    for name, tensor in built.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert tensor.stride() == layouts[name]


def test_no_compiler_is_said_once_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` warns and goes on with the plain loop, `on` stops, `off` doesn't care."""
    without_compiler(monkeypatch)
    built = network()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with fused_training(built, data(), table("auto", WORTH_COMPILING), "cpu"):
            assert not any(neuron.fused for _, neuron in built.neurons())
    assert [item.category for item in said] == [PlainLoopWarning]
    with (
        pytest.raises(ConfigError, match=r"train\.fused 'on'.*g\+\+"),
        fused_training(built, data(), table("on"), "cpu"),
    ):
        pass
    with fused_training(built, data(), table("off"), "cpu"):
        pass


def test_a_compiler_without_python_s_headers_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Debian ships them in a package of their own, without which every kernel fails to build."""
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    said = r"Python's C headers are missing \(.*include/Python\.h\).*python3-dev"
    with (
        pytest.raises(ConfigError, match=said),
        fused_training(network(), data(), table("on"), "cpu"),
    ):
        pass


def weights(fused: str) -> dict[str, Tensor]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), LIF(), nn.Linear(12, 2))
    fitted = trainers.fit(
        module, data(40), method="baseline", time_steps=T, epochs=2, batch_size=12, fused=fused
    )
    return fitted.network.state_dict()


def test_a_fused_training_repeats_and_is_the_plain_one() -> None:
    """No learnt decay and no masks: nothing is summed in another order, so no bit differs."""
    fused, again, plain = weights("on"), weights("on"), weights("off")
    for name, tensor in fused.items():
        assert torch.equal(tensor, again[name])
        assert torch.equal(tensor, plain[name])
