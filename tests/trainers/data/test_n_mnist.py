"""N-MNIST from its folders: every recording in one split, with hand-counted frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.event_files import atis_bytes, counted, random_events, write_recordings
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

TRAIN, TEST = 4, 2
"""Recordings per digit."""


def seed(part: str, digit: int, number: int) -> int:
    """Of a recording's events."""
    return 100 * digit + number + (5000 if part == "Test" else 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 recordings; read it, never change it."""
    return write_recordings(
        tmp_path_factory.mktemp("n-mnist"),
        {
            f"{part}/{digit}/{number:05}.bin": atis_bytes(
                random_events(seed(part, digit, number), 34, 34)
            )
            for part, per_digit in (("Train", TRAIN), ("Test", TEST))
            for digit in range(10)
            for number in range(per_digit)
        },
    )


def loaded(folder: Path, cache: Path, **options: Any) -> DataSplits:
    """The data set, its frames kept in a folder of the test."""
    return load_data("n-mnist", path=folder, cache=cache, **options)


def test_test_frames_are_the_counted_events(folder: Path, tmp_path: Path) -> None:
    """60 events in 7 parts: 8 in each, the last has 12; by digit, then by name."""
    data = loaded(folder, tmp_path, frames=7)
    assert (data.name, data.form, data.workers) == ("n-mnist (60 of 70,000)", "sequence", 2)
    assert (data.classes, data.sample_shape) == (tuple("0123456789"), (2, 34, 34))
    assert data.input_scale == 1.0
    assert data.test.labels.tolist() == [digit for digit in range(10) for _ in range(TEST)]
    bounds = [0, 8, 16, 24, 32, 40, 48, 60]
    for place, (digit, number) in enumerate((d, n) for d in range(10) for n in range(TEST)):
        events = random_events(seed("Test", digit, number), 34, 34)
        np.testing.assert_array_equal(data.test.inputs[[place]][0], counted(events, bounds, 34, 34))


def test_training_recordings_are_in_one_split_each(folder: Path, tmp_path: Path) -> None:
    """One of each digit validates (a tenth would be fewer), three train; labels go along."""
    data = loaded(folder, tmp_path, frames=1)
    assert (len(data.train), len(data.validation)) == (30, 10)
    assert np.bincount(data.validation.labels).tolist() == [1] * 10
    expected = {
        counted(random_events(seed("Train", digit, number), 34, 34), [0, 60], 34, 34).tobytes(): (
            digit
        )
        for digit in range(10)
        for number in range(TRAIN)
    }
    found = [
        (row.tobytes(), int(label))
        for split in (data.train, data.validation)
        for row, label in zip(split.inputs[:], split.labels, strict=True)
    ]
    assert len({row for row, _ in found}) == 40
    assert all(expected[row] == label for row, label in found)


def test_smaller_frames_hold_the_same_events(folder: Path, tmp_path: Path) -> None:
    """17 x 17 sums 2 x 2 pixels."""
    whole = loaded(folder, tmp_path, frames=3).test.inputs[:]
    small = loaded(folder, tmp_path, frames=3, size=17).test.inputs[:]
    assert small.shape == (20, 3, 2, 17, 17)
    np.testing.assert_array_equal(small, whole.reshape(20, 3, 2, 17, 2, 17, 2).sum(axis=(4, 6)))


def test_binary_frames(folder: Path, tmp_path: Path) -> None:
    """1 where there were events."""
    whole = loaded(folder, tmp_path, frames=2, size=5).test.inputs[:]
    binary = loaded(folder, tmp_path, frames=2, size=5, binary=True).test.inputs[:]
    assert whole.max() > 1
    np.testing.assert_array_equal(binary, whole > 0)


def test_frames_of_a_length(folder: Path, tmp_path: Path) -> None:
    """2 ms each, from the first event; what comes after 6 ms is left out."""
    data = loaded(folder, tmp_path, frames=3, frame_us=2000)
    events = random_events(seed("Test", 0, 0), 34, 34)
    since = events[:, 0] - events[0, 0]
    bounds = [int((since < edge).sum()) for edge in (0, 2000, 4000, 6000)]
    assert bounds[-1] < 60
    np.testing.assert_array_equal(data.test.inputs[[0]][0], counted(events, bounds, 34, 34))


def test_subsets_and_seeds(folder: Path, tmp_path: Path) -> None:
    """All from the same kept frames; validation doesn't depend on the training samples."""
    few = loaded(folder, tmp_path, frames=2, train_samples=10, test_samples=10)
    whole = loaded(folder, tmp_path, frames=2)
    other = loaded(folder, tmp_path, frames=2, split_seed=1)
    assert (len(few.train), len(few.test)) == (10, 10)
    np.testing.assert_array_equal(few.validation.inputs[:], whole.validation.inputs[:])
    assert (other.validation.inputs[:] != whole.validation.inputs[:]).any()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("missing", ["Train", "Test/7", "Train/3/*.bin"])
def test_missing_files_show_the_layout(tmp_path: Path, missing: str) -> None:
    """What is expected, where it comes from, and the option."""
    names = [f"{part}/{digit}/1.bin" for part in ("Train", "Test") for digit in range(10)]
    content = atis_bytes(random_events(0, 34, 34))
    write_recordings(tmp_path, {name: content for name in names if not Path(name).match(missing)})
    if missing == "Train":
        (tmp_path / "Train").rename(tmp_path / "train-images")
    if missing == "Test/7":
        (tmp_path / "Test" / "7" / "1.bin").unlink()
    with pytest.raises(DataError, match=r"Expected are .*/Train/0 to 9 and ") as error:
        loaded(tmp_path, tmp_path / "cache")
    message = str(error.value)
    assert "from https://www.garrickorchard.com/datasets/n-mnist; name their folder in" in message
    assert "\n" not in message


def test_the_default_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all data sets; the frames lie beside them."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path))
    (tmp_path / "n-mnist").symlink_to(folder)
    assert len(load_data("n-mnist", frames=1, size=2).test) == 20
    assert len(list((tmp_path / "frames").iterdir())) == 2


def test_a_damaged_recording_is_named(tmp_path: Path) -> None:
    """An event outside 34 x 34, and nothing is kept."""
    names = [f"{part}/{digit}/1.bin" for part in ("Train", "Test") for digit in range(10)]
    write_recordings(tmp_path, dict.fromkeys(names, bytes([34, 0, 0, 0, 1])))
    with pytest.raises(DataError, match=r"Train/0/1\.bin: event 0 is at x = 34, y = 0, outside"):
        loaded(tmp_path, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": ".", "frames": 0}, "frames: .*greater than or equal to 1"),
        ({"path": ".", "size": 35}, "size: .*less than or equal to 34"),
        ({"path": ".", "frame_us": 5, "split_by": "time"}, "frame_us and split_by are two ways"),
        ({"path": ".", "binary": True, "count_limit": 9}, "binary frames have no count_limit"),
        ({"path": ".", "count_limit": 256}, "count_limit: .*less than or equal to 255"),
        ({"path": ".", "split_by": "number"}, "split_by: .*'events' or 'time'"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], said: str) -> None:
    """Contradictions too."""
    with pytest.raises(ConfigError, match=said):
        load_data("n-mnist", **options)
