"""From events to frames: a recording is cut into T parts, events are counted cell by cell.

    split_by events   part k holds the events from k * (E // T) on, E // T of them, the last part
                      also the E % T that are left
    split_by time     part k begins at t_first + k * ((t_last - t_first) // T), the last one ends
                      with the recording
    frame_us d        part k holds the events with k * d <= t - origin < (k + 1) * d

The first two are those of spikingjelly (`split_by` number and time), which the papers' loaders use;
where its second finds a part without events it fails, here the frame is empty.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Cut(Protocol):
    """The options that `count_frames` needs; see trainers.data.events.event_options."""

    @property
    def frames(self) -> int:
        """T."""

    @property
    def split_by(self) -> str | None:
        """`events`, `time`, or None for the default, `events`."""

    @property
    def frame_us(self) -> int | None:
        """Length of a frame, or None."""

    @property
    def largest_count(self) -> int:
        """Larger counts become this one, at most 255."""


def count_frames(
    times: NDArray[np.int64],
    places: NDArray[np.int64],
    cells: int,
    cut: Cut,
    *,
    origin: int | None = None,
) -> NDArray[np.uint8]:
    """Frames [T, cells] of event counts.

    Args:
        times: of the events, rising, in microseconds.
        places: cell of each event, from 0.
        cells: of a frame.
        cut: how to cut, and the largest count.
        origin: when the first frame of `frame_us` begins; None: with the first event.
    """
    frames = np.empty((cut.frames, cells), np.uint8)
    bounds = part_bounds(times, cut, origin=origin)
    for frame, start, stop in zip(frames, bounds[:-1], bounds[1:], strict=True):
        counts = np.bincount(places[start:stop], minlength=cells)
        np.minimum(counts, cut.largest_count, out=frame, casting="unsafe")
    return frames


def part_bounds(
    times: NDArray[np.int64], cut: Cut, *, origin: int | None = None
) -> NDArray[np.int64]:
    """Where the T parts begin among the events, and where the last one ends, [T + 1]."""
    steps = np.arange(cut.frames + 1, dtype=np.int64)
    if not len(times):
        return 0 * steps
    if cut.frame_us is not None:
        since = times - (times[0] if origin is None else origin)
        return np.searchsorted(since, cut.frame_us * steps)
    if cut.split_by == "time":
        length = (times[-1] - times[0]) // cut.frames
        bounds = np.searchsorted(times, times[0] + length * steps)
    else:
        bounds = len(times) // cut.frames * steps
    ends: NDArray[np.int64] = np.append(bounds[:-1], len(times))
    return ends
