"""CIFAR10-DVS from its class folders, split in two ways."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.event_files import aedat2_bytes, counted, random_events, write_recordings
from trainers.data import DataSplits, Split
from trainers.data.cifar_classes import CIFAR10_CLASSES
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

PER_CLASS = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 recordings; read it, never change it."""
    return write_recordings(
        tmp_path_factory.mktemp("cifar10-dvs"),
        {
            f"{name}/cifar10_{name}_{number}.aedat": aedat2_bytes(
                random_events(100 * label + number, 128, 128)
            )
            for label, name in enumerate(CIFAR10_CLASSES)
            for number in range(PER_CLASS)
        },
    )


def loaded(folder: Path, cache: Path, **options: Any) -> DataSplits:
    """The data set at 8 x 8."""
    return load_data("cifar10-dvs", path=folder, cache=cache, **{"size": 8, "frames": 2, **options})


def numbers(split: Split) -> list[tuple[int, int]]:
    """Label and number of each recording, found by its frames."""
    known = {
        _small(random_events(100 * label + number, 128, 128)).tobytes(): (label, number)
        for label in range(10)
        for number in range(PER_CLASS)
    }
    found = [known[row.tobytes()] for row in split.inputs[:]]
    assert [label for label, _ in found] == split.labels.tolist()
    return found


def _small(events: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    frames = counted(events, [0, 30, 60], 128, 128)
    small: np.ndarray[Any, np.dtype[np.float32]] = frames.reshape(2, 2, 8, 16, 8, 16).sum((3, 5))
    return small


def test_every_recording_is_in_one_split(folder: Path, tmp_path: Path) -> None:
    """18 of each class train and validate, 2 are tested; frames and labels are their own."""
    data = loaded(folder, tmp_path)
    assert (data.name, data.classes) == ("cifar10-dvs (200 of 10,000)", CIFAR10_CLASSES)
    assert (data.sample_shape, data.form) == ((2, 8, 8), "sequence")
    parts = [numbers(split) for split in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [162, 18, 20]
    assert len({key for part in parts for key in part}) == 200
    assert np.bincount(data.test.labels).tolist() == [2] * 10


def test_the_random_split_depends_on_its_seed_alone(folder: Path, tmp_path: Path) -> None:
    """Not on how frames are made."""
    first, again = loaded(folder, tmp_path), loaded(folder, tmp_path, size=16, binary=True)
    other = loaded(folder, tmp_path, split_seed=1)
    np.testing.assert_array_equal(
        first.test.inputs[:] > 0,
        again.test.inputs[:].reshape(20, 2, 2, 8, 2, 8, 2).max(axis=(4, 6)) > 0,
    )
    assert numbers(first.test) != numbers(other.test)


def test_the_ordered_split_tests_the_last_names_of_each_class(folder: Path, tmp_path: Path) -> None:
    """Of 0 to 19 these are 8 and 9: names are sorted as text."""
    data = loaded(folder, tmp_path, split="ordered")
    assert numbers(data.test) == [(label, number) for label in range(10) for number in (8, 9)]
    assert (len(data.train), len(data.validation)) == (162, 18)


def test_another_version_of_aedat_is_not_taken(tmp_path: Path) -> None:
    """The re-issue's files have another ending, and another first line."""
    names = {f"{name}/cifar10_{name}_0.aedat4": b"#!AER-DAT4.0\r\n" for name in CIFAR10_CLASSES}
    write_recordings(tmp_path, names)
    with pytest.raises(DataError, match=r"no recording \(\.aedat\) in .* \(AEDAT 2\.0\), unpa"):
        loaded(tmp_path, tmp_path)
    for path in list(tmp_path.glob("*/*.aedat4")):
        path.rename(path.with_suffix(".aedat"))
    with pytest.raises(DataError, match=r"starts with '#!AER-DAT4.0.* expected a line '#!AER-DAT2"):
        loaded(tmp_path, tmp_path)


def test_missing_files_show_the_layout(folder: Path, tmp_path: Path) -> None:
    """A class that is missing is no smaller data set."""
    write_recordings(tmp_path, {"airplane/a.aedat": b"x"})
    with pytest.raises(DataError, match=r"automobile: can't be read \(No such file.*figshare") as e:
        loaded(tmp_path, tmp_path)
    assert "\n" not in str(e.value)
    with pytest.raises(ConfigError, match="split: "):
        loaded(folder, tmp_path, split="first")
