"""Fine-tuning with constant thresholds: what it starts from, what it leaves, how it goes on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import export
from export.errors import UnsupportedLayer
from export.freezing.strategies import STRATEGIES
from export.freezing.strategies.finetune import finetuned
from export.freezing.thresholds import threshold_schedules
from tests.moving_thresholds import running, with_poisoned_test
from tests.tiny_training import copied_state, few_digits, same_state, tiny_network
from trainers.data import DataSplits
from trainers.errors import ConfigError
from trainers.export_tables import FinetuneTable
from trainers.fitting import Fitted
from trainers.network import SpikingNetwork
from trainers.train_table import TrainTable

TRAIN = TrainTable(
    time_steps=2, epochs=9, batch_size=32, warmup_epochs=3, early_stop=1, devices=2,
    checkpoint_every="2 batches",
)  # fmt: skip
TABLE = FinetuneTable(epochs=2, learning_rate=1e-3)


class Stopped(Exception):
    """What ends a training before its time."""


def moving_network() -> SpikingNetwork:
    """Thresholds 0.6 and 0.9."""
    network = tiny_network()
    running(network, "2").copy_(torch.tensor([0.6, 0.9]))
    return network.eval()


def tuned(
    network: SpikingNetwork, say: Callable[[str], None] = print, **others: Any
) -> SpikingNetwork:
    """Fine-tuned on few digits, whose test split must not be read."""
    data = with_poisoned_test(few_digits())
    return finetuned(network, data, TRAIN, TABLE, seed=4, device="cpu", say=say, **others)


def counted(network: SpikingNetwork, stops_at: int = 0) -> list[int]:
    """A list that grows with each mini-batch that a copy of the network trains on."""
    batches: list[int] = []

    def count(module: nn.Module, _given: Any, _output: Any) -> None:
        if module.training:
            batches.append(len(batches))
            if len(batches) == stops_at:
                raise Stopped

    network.body[0].register_forward_hook(count)  # type: ignore[index]
    return batches


def test_thresholds_are_the_calibrated_constants_and_the_rest_adapts() -> None:
    """For as many epochs as the table says, whatever [train] says of early stop and processes."""
    network, said = moving_network(), list[str]()
    before, batches = copied_state(network), counted(network)
    data = few_digits()
    result = tuned(network, say=said.append)
    schedules = threshold_schedules(network)
    chosen = STRATEGIES["calibrated"].choose(network, schedules, data.validation.inputs)
    assert chosen["2"] != pytest.approx(0.75)
    assert threshold_schedules(result)["2"] == pytest.approx([chosen["2"]] * 2, rel=1e-6)
    assert len(batches) == 2 * 4
    assert not torch.equal(result.state_dict()["body.0.weight"], before["body.0.weight"])
    assert same_state(before, network.state_dict())
    assert not result.training
    assert said[0].startswith("fine-tuned 2 epochs with constant thresholds: validation accuracy")


def test_the_result_freezes_as_fine_tuned() -> None:
    """The row of the table takes its constants; `export.finetuned` is this function."""
    assert export.finetuned is finetuned
    result = tuned(moving_network())
    schedules = threshold_schedules(result)
    constants = STRATEGIES["finetune"].choose(result, schedules, None)
    assert constants == {"2": schedules["2"][0]}


def test_constant_thresholds_need_no_training() -> None:
    """The network itself comes back, and a line says so."""
    network, said = tiny_network(method="baseline"), list[str]()
    batches = counted(network)
    assert tuned(network, say=said.append) is network
    assert not batches
    assert said == ["thresholds are constant already: nothing to fine-tune"]


def test_freezing_alone_does_not_train() -> None:
    """The refusal says what does."""
    network = moving_network()
    with pytest.raises(ConfigError, match=r"thresholds of 2 depend .* --threshold-strategy"):
        STRATEGIES["finetune"].choose(network, threshold_schedules(network), None)


def test_thresholds_that_follow_spikes_are_refused() -> None:
    """ALIF has no constant to train with."""
    with pytest.raises(UnsupportedLayer, match=r"layer '2' \(method alif\)"):
        tuned(tiny_network(method="alif"))


def test_an_interrupted_training_goes_on_and_a_complete_one_is_read(tmp_path: Path) -> None:
    """Bit for bit the unbroken one's weights; with another fingerprint it starts anew."""
    whole = tuned(moving_network()).state_dict()
    broken = moving_network()
    counted(broken, stops_at=7)
    with pytest.raises(Stopped):
        tuned(broken, folder=tmp_path, fingerprint="a")
    network = moving_network()
    batches = counted(network)
    assert same_state(tuned(network, folder=tmp_path, fingerprint="a").state_dict(), whole)
    assert len(batches) == 2
    assert same_state(tuned(network, folder=tmp_path, fingerprint="a").state_dict(), whole)
    assert len(batches) == 2
    tuned(network, folder=tmp_path, fingerprint="b")
    assert len(batches) == 2 + 8


def test_what_training_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test split, so that no change in training could read it; [train] but for five keys."""
    data: list[DataSplits] = []
    settings: list[TrainTable] = []

    def noted(network: SpikingNetwork, given: DataSplits, table: TrainTable, **_: Any) -> Fitted:
        data.append(given)
        settings.append(table)
        return Fitted(network.eval(), [], 0)

    monkeypatch.setattr("trainers.fitting.train_network", noted)
    tuned(moving_network())
    assert data[0].test is data[0].validation
    assert settings[0] == TrainTable(
        time_steps=2, batch_size=32, checkpoint_every="2 batches", epochs=2, learning_rate=1e-3
    )


def test_the_poison_works() -> None:
    """Reading the test split of such data fails."""
    with pytest.raises(AssertionError, match="test split was touched"):
        replace(with_poisoned_test(few_digits()))
