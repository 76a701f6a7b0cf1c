"""N-Caltech101 from its class folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.event_files import atis_bytes, counted, random_events, write_recordings
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import DataError

CLASSES = ("BACKGROUND_Google", "accordion", "airplanes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 recordings, as the archive packs them; read it, never change it."""
    return write_recordings(
        tmp_path_factory.mktemp("n-caltech101"),
        {
            f"Caltech101/{name}/image_{number:04}.bin": atis_bytes(
                random_events(100 * label + number, 240, 180)
            )
            for label, name in enumerate(CLASSES)
            for number in range(10)
        },
    )


def loaded(folder: Path, cache: Path, **options: Any) -> DataSplits:
    """The data set in two frames, the last name of each class tested."""
    return load_data(
        "n-caltech101", path=folder, cache=cache, **{"frames": 2, "split": "ordered", **options}
    )


def test_classes_are_the_folders(folder: Path, tmp_path: Path) -> None:
    """Named with or without the folder that the archive packs them in."""
    for path in (folder, folder / "Caltech101"):
        data = loaded(path, tmp_path)
        assert (data.name, data.classes) == ("n-caltech101 (30 of 8,709)", CLASSES)
        assert [len(split) for split in (data.train, data.validation, data.test)] == [24, 3, 3]
        assert data.test.labels.tolist() == [0, 1, 2]
    for label in range(3):
        events = random_events(100 * label + 9, 240, 180)
        expected = counted(events, [0, 30, 60], 180, 240)
        np.testing.assert_array_equal(data.test.inputs[[label]][0], expected)


def test_without_the_background(folder: Path, tmp_path: Path) -> None:
    """One class less; the others move down."""
    data = loaded(folder, tmp_path, background=False)
    assert data.classes == CLASSES[1:]
    assert data.test.labels.tolist() == [0, 1]
    events = random_events(109, 240, 180)
    np.testing.assert_array_equal(data.test.inputs[[0]][0], counted(events, [0, 30, 60], 180, 240))


def test_square_frames(folder: Path, tmp_path: Path) -> None:
    """5 columns and 3.75 rows to a cell of 48 x 48."""
    found = loaded(folder, tmp_path, size=48).test.inputs[:1][0]
    expected = np.zeros((2, 2, 48, 48), np.float32)
    for place, (_, x, y, polarity) in enumerate(random_events(9, 240, 180)):
        expected[place // 30, polarity, y * 48 // 180, x // 5] += 1
    np.testing.assert_array_equal(found, expected)


def test_missing_files_show_the_layout(tmp_path: Path) -> None:
    """No folder, one class, a class without recordings, and a name to clear the screen."""
    with pytest.raises(DataError, match=r"none: can't be read .*/none/Caltech101/accordion, unp"):
        loaded(tmp_path / "none", tmp_path)
    write_recordings(tmp_path, {"data/accordion/a.bin": b"x", "data/.hidden/a.bin": b"x"})
    with pytest.raises(DataError, match="1 class folders, at least 2 are needed"):
        loaded(tmp_path / "data", tmp_path)
    (tmp_path / "data" / "ant").mkdir()
    with pytest.raises(DataError, match=r"ant: no recording \(\.bin\) in this class folder\. Exp"):
        loaded(tmp_path / "data", tmp_path)
    (tmp_path / "data" / "\x1b[2J").mkdir()
    with pytest.raises(DataError, match=r"'\\x1b\[2J' has a name that can't be printed"):
        loaded(tmp_path / "data", tmp_path)
