"""Events of a camera: which pixel changed, when, and whether it became brighter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.recording_bytes import REMEDY
from trainers.errors import DataError

POLARITIES = 2


@dataclass(frozen=True)
class Sensor:
    """A camera's pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class PixelEvents:
    """Events of one recording, by rising time.

    Args:
        times: int64 [E], in microseconds.
        x: column of each, from the left.
        y: row of each, from the top.
        polarity: 0 (darker) or 1 (brighter) of each.
    """

    times: NDArray[np.int64]
    x: NDArray[Any]
    y: NDArray[Any]
    polarity: NDArray[Any]

    def between(self, start: int, stop: int) -> "PixelEvents":
        """Those from place `start` up to but without place `stop`."""
        chosen = slice(start, stop)
        return PixelEvents(
            self.times[chosen], self.x[chosen], self.y[chosen], self.polarity[chosen]
        )


def checked_events(
    path: Path, events: PixelEvents, sensor: Sensor, *, sort_times: bool
) -> PixelEvents:
    """Events that lie on the sensor, by rising time.

    Args:
        path: of the recording, for messages.
        events: as the file holds them.
        sensor: which pixels there are.
        sort_times: sorts events whose times fall, keeping the order of equal times, instead of
            refusing them.

    Raises:
        DataError: there is no event, one lies outside the sensor, or the times fall.
    """
    if not len(events.times):
        raise DataError(f"{path}: holds no event. {REMEDY}")
    outside = (events.x >= sensor.width) | (events.y >= sensor.height)
    if outside.any():
        first = int(outside.argmax())
        raise DataError(
            f"{path}: event {first:,} is at x = {events.x[first]}, y = {events.y[first]}, outside "
            f"the {sensor.width} x {sensor.height} pixels of the sensor. {REMEDY}"
        )
    order = rising_order(path, events.times, sort_times=sort_times)
    if order is None:
        return events
    return PixelEvents(
        events.times[order], events.x[order], events.y[order], events.polarity[order]
    )


def rising_order(
    where: Path | str, times: NDArray[np.int64], *, sort_times: bool
) -> NDArray[np.intp] | None:
    """The order in which times rise; None: they do already.

    Raises:
        DataError: they fall somewhere, and mustn't be sorted.
    """
    falls = times[1:] < times[:-1]
    if not falls.any():
        return None
    if sort_times:
        return np.argsort(times, kind="stable")
    place = int(falls.argmax()) + 1
    raise DataError(
        f"{where}: time goes back from {times[place - 1]:,} us to {times[place]:,} us at event "
        f"{place:,} of {len(times):,}. {REMEDY} If the recording is meant to be so, set "
        "data.sort_times = true."
    )


def pixel_places(events: PixelEvents, sensor: Sensor, size: int | None) -> NDArray[np.int64]:
    """Where each event counts in a flattened frame [2, H, W].

    Args:
        events: on the sensor.
        sensor: its pixels.
        size: of a square frame, smaller than the sensor: the event of pixel (x, y) counts in
            (x * size // width, y * size // height), so each cell sums the pixels it covers; None:
            one cell per pixel.
    """
    x, y = events.x.astype(np.int64), events.y.astype(np.int64)
    height, width = frame_sides(sensor, size)
    if size is not None:
        x, y = x * size // sensor.width, y * size // sensor.height
    return (events.polarity.astype(np.int64) * height + y) * width + x


def frame_sides(sensor: Sensor, size: int | None) -> tuple[int, int]:
    """(H, W) of a frame."""
    return (sensor.height, sensor.width) if size is None else (size, size)
