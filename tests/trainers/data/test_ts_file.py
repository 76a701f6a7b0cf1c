"""ts-file: a user's own two files, from options to splits that a network learns from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.ts_files import HEADER, write_ts
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.neurons.lif import LIF


def test_two_files_become_three_splits(tmp_path: Path) -> None:
    """Named after the training file; the options of series go along."""
    train = write_ts(tmp_path / "slopes_TRAIN.ts", 40)
    test = write_ts(tmp_path / "slopes_TEST.ts", 10, seed=1)
    data = load_data("ts-file", train=train, test=test, padding="back", steps=8)
    assert (data.name, data.classes, data.form) == ("slopes", ("up", "down"), "sequence")
    assert data.train.inputs.shape == (32, 8, 2)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [32, 8, 10]
    assert not data.test.inputs[:][:, 7].any()
    np.testing.assert_array_equal(data.test.labels, np.arange(10) % 2)


def test_slopes_are_learnt(tmp_path: Path) -> None:
    """Rising or falling, from steps padded at the front, on cases nobody has seen."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(2, 16), LIF(decay=0.5), nn.Linear(16, 2))
    data = load_data(
        "ts-file",
        train=write_ts(tmp_path / "a.ts", 100),
        test=write_ts(tmp_path / "b.ts", 50, seed=1),
    )
    fitted = fit(
        body, data, method="baseline", time_steps=7, epochs=20, batch_size=16, device="cpu"
    )
    assert evaluate(fitted.network, data.test).accuracy > 0.9


def test_both_files_must_be_named_and_there(tmp_path: Path) -> None:
    """There is no default."""
    with pytest.raises(ConfigError, match=r"train: field required .*; test: field required"):
        load_data("ts-file")
    train = write_ts(tmp_path / "a.ts")
    with pytest.raises(DataError, match=r"b\.ts: no such file"):
        load_data("ts-file", train=train, test=tmp_path / "b.ts")
    other = write_ts(tmp_path / "b.ts", header=HEADER.replace("up down", "down up"))
    with pytest.raises(DataError, match="class names in the same order"):
        load_data("ts-file", train=train, test=other)
