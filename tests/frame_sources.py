"""Frames of a made-up data set, to be kept on disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.frame_building import FrameSource

SHAPE = (3, 2, 4, 5)
FRAMES = np.random.default_rng(0).integers(0, 256, (12, *SHAPE), np.uint8)


class Builder:
    """Gives the frames, and counts how often it was asked."""

    def __init__(self) -> None:
        self.built = 0

    def __call__(self) -> Iterator[NDArray[np.uint8]]:
        self.built += 1
        return iter(FRAMES)


def frame_source(folder: Path, builder: Builder) -> FrameSource:
    """Twelve samples of two files, which are written."""
    files = (folder / "a.bin", folder / "b.bin")
    folder.mkdir(exist_ok=True)
    for path in files:
        path.write_bytes(b"events")
    return FrameSource("mine-train", folder, files, 12, SHAPE, {"frames": 3}, builder)
