"""Frames of camera recordings, one sample per file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.event_frames import count_frames
from trainers.data.events.event_options import FrameOptions
from trainers.data.events.frame_building import FrameSource
from trainers.data.events.pixel_events import (
    POLARITIES,
    PixelEvents,
    Sensor,
    frame_sides,
    pixel_places,
)


def recording_source(
    name: str,
    root: Path,
    files: tuple[Path, ...],
    read: Callable[[Path], PixelEvents],
    sensor: Sensor,
    size: int | None,
    options: FrameOptions,
) -> FrameSource:
    """What `cached_frames` builds from files that each hold one sample.

    Args:
        name: of the data set and the part of it.
        root: folder of the data set.
        files: the recordings, below `root`.
        read: gives the checked events of one.
        sensor: their pixels.
        size: side of the frames; None: the sensor's.
        options: how to cut and count.
    """

    def frames() -> Iterator[NDArray[np.uint8]]:
        return (pixel_frames(read(path), sensor, size, options) for path in files)

    return FrameSource(
        name=name,
        root=root,
        files=files,
        samples=len(files),
        sample_shape=frame_shape(sensor, size, options),
        settings=frame_settings(options, size),
        read=frames,
    )


def pixel_frames(
    events: PixelEvents, sensor: Sensor, size: int | None, options: FrameOptions
) -> NDArray[np.uint8]:
    """Frames [T, 2 * H * W] of one recording; polarity 0 comes first."""
    cells = POLARITIES * int(np.prod(frame_sides(sensor, size)))
    return count_frames(events.times, pixel_places(events, sensor, size), cells, options)


def frame_shape(sensor: Sensor, size: int | None, options: FrameOptions) -> tuple[int, ...]:
    """[T, 2, H, W] of one sample."""
    return (options.frames, POLARITIES, *frame_sides(sensor, size))


def frame_settings(options: FrameOptions, size: int | None) -> dict[str, object]:
    """The options that frames of a camera depend on."""
    return {
        "frames": options.frames,
        "split_by": options.split_by or "events",
        "frame_us": options.frame_us,
        "largest_count": options.largest_count,
        "sort_times": options.sort_times,
        "size": size,
    }
