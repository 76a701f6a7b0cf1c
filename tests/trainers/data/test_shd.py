"""SHD and SSC from their HDF5 files, with hand-counted frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.event_files import write_spikes
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

BY_HAND = ([0.012, 0.0131, 0.0146, 0.5, 1.39, 1.45], [0, 4, 5, 699, 0, 7])
"""Frames of 14 ms: 0, 0, 1, 35, 99, none; units by fives: 0, 0, 1, 139, 0, none."""


def written(path: Path, samples: int, classes: int, seed: int) -> Path:
    """A file whose first recording is BY_HAND, with labels 0, 1, ..., 0, 1, ..."""
    random = np.random.default_rng(seed)
    others = [(np.sort(random.random(50)), random.integers(0, 700, 50)) for _ in range(samples - 1)]
    recordings: list[Any] = [BY_HAND, *others]
    names = [f"class {number}" for number in range(classes)]
    return write_spikes(path, recordings, [n % classes for n in range(samples)], names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sets in one folder; read it, never change it."""
    root = tmp_path_factory.mktemp("spikes")
    written(root / "shd_train.h5", 60, 20, 1)
    written(root / "shd_test.h5", 20, 20, 2)
    for seed, (part, samples) in enumerate((("train", 70), ("valid", 36), ("test", 35)), 3):
        written(root / f"ssc_{part}.h5", samples, 35, seed)
    return root


def loaded(name: str, folder: Path, cache: Path, **options: Any) -> DataSplits:
    """A data set, its frames kept in a folder of the test."""
    return load_data(name, path=folder, cache=cache, **options)


@pytest.mark.parametrize("name", ["shd", "ssc"])
def test_spikes_are_counted_by_time_and_unit(folder: Path, tmp_path: Path, name: str) -> None:
    """100 frames of 14 ms from time 0, 140 bins of 5 units; later spikes are left out."""
    data = loaded(name, folder, tmp_path)
    assert (data.name, data.form, data.sample_shape) == (name, "sequence", (140,))
    assert data.classes[:2] == ("class 0", "class 1")
    expected = np.zeros((100, 140), np.float32)
    expected[0, 0] = 2
    expected[1, 1] = expected[35, 139] = expected[99, 0] = 1
    np.testing.assert_array_equal(data.test.inputs[[0]][0], expected)
    assert data.test.labels[:3].tolist() == [0, 1, 2]


def test_shd_holds_validation_out_of_training(folder: Path, tmp_path: Path) -> None:
    """One recording of each class, none of them twice."""
    data = loaded("shd", folder, tmp_path, frames=2, frame_us=700_000, units=700)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [40, 20, 20]
    assert np.bincount(data.validation.labels).tolist() == [1] * 20
    rows = [row.tobytes() for split in (data.train, data.validation) for row in split.inputs[:]]
    assert len(set(rows)) == 60


def test_ssc_has_a_validation_set_of_its_own(folder: Path, tmp_path: Path) -> None:
    """All of it; training and test may be smaller."""
    data = loaded("ssc", folder, tmp_path, frames=3, train_samples=35)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [35, 36, 35]
    assert len(data.classes) == 35
    with pytest.raises(ConfigError, match="validation_samples: unknown key"):
        loaded("ssc", folder, tmp_path, validation_samples=5)


def test_other_cuts(folder: Path, tmp_path: Path) -> None:
    """Equal numbers of spikes; equal parts of the recording, from its first spike to its last."""
    events = loaded("shd", folder, tmp_path, frames=2, split_by="events", units=1)
    assert events.test.inputs[[0]].tolist() == [[[3], [3]]]
    time = loaded("shd", folder, tmp_path, frames=3, split_by="time", units=2)
    assert time.test.inputs[[0]].tolist() == [[[3, 0], [0, 1], [2, 0]]]


def test_frames_are_14_ms_long_unless_something_is_said(folder: Path, tmp_path: Path) -> None:
    """Of half that length, half as many spikes fit."""
    short = loaded("shd", folder, tmp_path, frames=100, frame_us=7_000)
    assert short.test.inputs[[0]].sum() == 4


@pytest.mark.parametrize(
    ("name", "missing"), [("shd", "shd_test.h5"), ("ssc", "ssc_valid.h5"), ("ssc", "ssc_train.h5")]
)
def test_missing_files_show_the_layout(tmp_path: Path, name: str, missing: str) -> None:
    """What is expected, where it comes from, and the option."""
    for part in ("train", "valid", "test"):
        written(tmp_path / f"{name}_{part}.h5", 70, 20 if name == "shd" else 35, 0)
    (tmp_path / missing).unlink()
    said = rf"{missing}: no such file\. Expected are {name}_train\.h5, .*zenkelab\.org.*data\.path"
    with pytest.raises(DataError, match=said.replace("h5, ", "h5.*" if name == "shd" else "h5, ")):
        loaded(name, tmp_path, tmp_path)


def test_the_files_of_the_other_set_are_refused(folder: Path, tmp_path: Path) -> None:
    """By their labels and their names."""
    written(tmp_path / "shd_train.h5", 60, 35, 0)
    with pytest.raises(DataError, match="label 20 of recording 20, expected 0 to 19"):
        loaded("shd", tmp_path, tmp_path)
