"""Where events count in a frame."""

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.pixel_events import PixelEvents, Sensor, pixel_places


def at(pixels: list[tuple[int, int, int]]) -> PixelEvents:
    """Events at (x, y, polarity)."""
    columns: NDArray[np.uint8] = np.array(pixels, np.uint8).T
    return PixelEvents(np.arange(len(pixels)), *columns)


def test_places_in_a_frame_of_the_sensor() -> None:
    """Polarity, then row, then column."""
    events = at([(0, 0, 0), (3, 0, 0), (0, 1, 0), (1, 2, 1)])
    assert pixel_places(events, Sensor(4, 3), None).tolist() == [0, 3, 4, 12 + 8 + 1]


def test_smaller_frames_sum_the_pixels_that_a_cell_covers() -> None:
    """5 columns to 3: 0 and 1, 2 and 3, 4; 4 rows to 3: 0 and 1, 2, 3."""
    events = at([(x, 0, 0) for x in range(5)] + [(0, y, 1) for y in range(4)])
    found = pixel_places(events, Sensor(5, 4), 3)
    assert found.tolist() == [0, 0, 1, 1, 2, 9, 9, 12, 15]


def test_128_pixels_to_48() -> None:
    """As the papers do with CIFAR10-DVS: every cell covers 2 or 3 pixels a side, none is left."""
    events = at([(x, 0, 0) for x in range(128)])
    counts = np.bincount(pixel_places(events, Sensor(128, 128), 48))
    assert (len(counts), counts.min(), counts.max(), counts.sum()) == (48, 2, 3, 128)
