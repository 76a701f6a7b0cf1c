"""Kept frames as an array."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.frame_sources import FRAMES, Builder, frame_source
from trainers.data.events.frame_building import cached_frames
from trainers.data.events.lazy_frames import LazyFrames


def test_lazy_frames_are_indexed_like_the_array(tmp_path: Path) -> None:
    """By slices, lists and arrays of rows; as float32; through another process too."""
    source = frame_source(tmp_path / "data", Builder())
    chosen = np.array([9, 4, 2, 4])
    inputs = LazyFrames(cached_frames(source, tmp_path), chosen)
    whole = FRAMES[chosen].astype(np.float32)
    assert (inputs.shape, len(inputs), inputs.dtype) == (whole.shape, 4, whole.dtype)
    for rows in (slice(None), slice(1, 3), slice(2, 99), slice(None, None, -1), slice(4, 4)):
        np.testing.assert_array_equal(inputs[rows], whole[rows])
    for picked in ([3], [2, 0, 2], [-1], list[int]()):
        np.testing.assert_array_equal(inputs[picked], whole[np.array(picked, np.intp)])
    assert inputs[:].dtype == np.float32
    with pytest.raises(IndexError):
        inputs[[4]]
    content = pickle.dumps(inputs)
    assert len(content) < 2000
    np.testing.assert_array_equal(pickle.loads(content)[:], whole)  # noqa: S301
