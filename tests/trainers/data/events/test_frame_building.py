"""Frames are built once, whole or not at all, and are never those of something else."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.frame_sources import FRAMES, Builder, frame_source
from tests.full_disk import full_disk
from trainers.data.events.frame_building import FrameSource, cached_frames
from trainers.errors import DataError, FileError


@pytest.fixture
def builder() -> Builder:
    """Of one test."""
    return Builder()


@pytest.fixture
def source(tmp_path: Path, builder: Builder) -> FrameSource:
    """Twelve samples of two files."""
    return frame_source(tmp_path / "data", builder)


def test_frames_are_built_once(tmp_path: Path, source: FrameSource, builder: Builder) -> None:
    """The second time they are found."""
    for _ in range(2):
        cache = cached_frames(source, tmp_path / "cache")
        np.testing.assert_array_equal(cache.rows(np.array([7, 0, 7])), FRAMES[[7, 0, 7]])
    assert builder.built == 1
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".npy"]


@pytest.mark.parametrize("what", ["name", "settings", "shape", "size", "time", "files"])
def test_other_frames_have_another_file(
    tmp_path: Path, source: FrameSource, builder: Builder, what: str
) -> None:
    """Whatever they depend on."""
    first = cached_frames(source, tmp_path).path
    if what == "size":
        before = source.files[1].stat().st_mtime_ns
        source.files[1].write_bytes(b"more events")
        os.utime(source.files[1], ns=(0, before))
    if what == "time":
        os.utime(source.files[1], ns=(0, 7))
    others = {
        "name": replace(source, name="mine-test"),
        "settings": replace(source, settings={"frames": 3, "binary": True}),
        "shape": replace(source, sample_shape=(3, 2, 5, 4)),
        "files": replace(source, files=source.files[::-1]),
    }
    assert cached_frames(others.get(what, source), tmp_path).path != first
    assert builder.built == 2


def test_a_moved_data_set_keeps_its_frames(
    tmp_path: Path, source: FrameSource, builder: Builder
) -> None:
    """Names count from its own folder."""
    first = cached_frames(source, tmp_path / "cache").path
    moved = source.root.rename(tmp_path / "elsewhere")
    files = tuple(moved / path.name for path in source.files)
    assert cached_frames(replace(source, root=moved, files=files), tmp_path / "cache").path == first
    assert builder.built == 1


def test_a_missing_recording_is_named(tmp_path: Path, source: FrameSource) -> None:
    """Before anything is built."""
    source.files[1].unlink()
    with pytest.raises(DataError, match=r"b\.bin: can't be read \(No such file"):
        cached_frames(source, tmp_path / "cache")


def test_the_default_lies_beside_the_data_sets(
    tmp_path: Path, source: FrameSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where $SPIKEPORT_DATA says, else in the user's cache folder."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path / "kept"))
    assert cached_frames(source, None).path.parent == tmp_path / "kept" / "frames"
    monkeypatch.delenv("SPIKEPORT_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached_frames(source, None).path.parent == tmp_path / ".cache" / "spikeport" / "frames"


def test_a_relative_folder_still_leads_there_after_a_change_of_folder(
    tmp_path: Path, source: FrameSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are read long after they were built."""
    monkeypatch.chdir(tmp_path)
    cache = cached_frames(source, Path("cache"))
    monkeypatch.chdir("/")
    assert len(cache.rows(np.array([3]))) == 1


@pytest.mark.parametrize("size", [0, 100, 900])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, source: FrameSource, size: int) -> None:
    """One line, with the option that chooses another folder."""
    with (
        full_disk(size),
        pytest.raises(FileError, match=r"can't be written .* data\.cache") as error,
    ):
        cached_frames(source, tmp_path / "cache")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_too_little_space_is_said_before_the_work(
    tmp_path: Path, source: FrameSource, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both numbers."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FileError, match=r"take 1,616 bytes, 1,000 are free.*data\.cache"):
        cached_frames(source, tmp_path / "cache")
    assert builder.built == 0


@pytest.mark.parametrize("error", [DataError("a.bin: damaged."), KeyboardInterrupt()])
def test_what_ends_building_leaves_nothing_behind(
    tmp_path: Path, source: FrameSource, error: BaseException
) -> None:
    """A damaged recording, or Ctrl-C, after some frames."""

    def some() -> Iterator[NDArray[np.uint8]]:
        yield from FRAMES[:5]
        raise error

    with pytest.raises(type(error)):
        cached_frames(replace(source, read=some), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_progress_is_shown_to_a_terminal_alone(
    tmp_path: Path,
    source: FrameSource,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On standard error, which here is none at first."""
    cached_frames(source, tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    cached_frames(source, tmp_path / "shown")
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "mine-train: building frames" in shown.err
