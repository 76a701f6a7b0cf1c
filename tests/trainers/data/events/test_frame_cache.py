"""Kept frames: read row by row, each against its sum."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.frame_sources import FRAMES, Builder, frame_source
from trainers.data.events.frame_building import FrameSource, cached_frames
from trainers.data.events.lazy_frames import LazyFrames
from trainers.errors import DataError


@pytest.fixture
def source(tmp_path: Path) -> FrameSource:
    """Twelve samples of two files."""
    return frame_source(tmp_path / "data", Builder())


def test_numpy_reads_the_file_too(tmp_path: Path, source: FrameSource) -> None:
    """Rows of bytes, with four more for the sum."""
    path = cached_frames(source, tmp_path).path
    kept = np.load(path, mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(kept[:, :-4], FRAMES.reshape(12, -1))
    assert path.name.startswith("mine-train-")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damage_is_mended_or_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A file that isn't whole is built again; a changed row is refused when it is read."""
    folder = tmp_path_factory.mktemp("kept")
    builder = Builder()
    source = frame_source(folder, builder)
    path = cached_frames(source, folder).path
    path.write_bytes(data.draw(damaged(path.read_bytes(), start=150)))
    cache = cached_frames(source, folder)
    said = refusal(lambda: cache.rows(np.arange(12)), path, 1e6)
    if said is None:
        np.testing.assert_array_equal(cache.rows(np.arange(12)), FRAMES)
    else:
        assert builder.built == 1
        assert said.startswith(f"{path}: the frame cache is damaged at sample ")
        assert said.endswith("Delete it; it is built again.")


def test_a_damaged_header_is_mended(tmp_path: Path, source: FrameSource) -> None:
    """The file is built again, and numpy reads it again."""
    path = cached_frames(source, tmp_path).path
    good = path.read_bytes()
    path.write_bytes(good.replace(b"|u1", b"|i1", 1))
    cached_frames(source, tmp_path)
    assert path.read_bytes() == good


def test_frames_that_vanish_are_named(tmp_path: Path, source: FrameSource) -> None:
    """Gone, or cut short while in use."""
    cache = cached_frames(source, tmp_path)
    content = cache.path.read_bytes()
    cache.path.write_bytes(content[:-1])
    with pytest.raises(DataError, match="the frame cache is gone or no longer whole"):
        cache.rows(np.array([0]))
    cache.path.unlink()
    with pytest.raises(DataError, match="is gone or no longer whole"):
        cache.rows(np.array([0]))


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_batch_takes_memory_for_itself_alone(tmp_path: Path) -> None:
    """120 MB on disk; while they are read the process is never more than 30 MB larger."""
    shape, samples = (10, 2, 100, 100), 600
    frame = np.ones(shape, np.uint8)
    (tmp_path / "a.bin").write_bytes(b"events")
    source = FrameSource(
        "large", tmp_path, (tmp_path / "a.bin",), samples, shape, {},
        lambda: (frame for _ in range(samples)),
    )  # fmt: skip
    inputs = LazyFrames(cached_frames(source, tmp_path), np.arange(samples))
    inputs[:20]
    before = resident_bytes()
    for first in range(0, samples, 20):
        assert inputs[first : first + 20].all()
        assert resident_bytes() - before < 30e6
