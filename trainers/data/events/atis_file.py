"""Recordings of N-MNIST and N-Caltech101: 5 bytes per event, as an ATIS sensor was read out.

Byte 0 is x, byte 1 is y; of the other three, big-endian, the highest bit is the polarity (1:
brighter) and 23 bits are the time in microseconds. An entry with y = 240 is no event: the clock
overflowed, and 2^13 us are added to its own and all later times.

Source: the sets' own reader, https://github.com/gorchard/event-Python (eventvision.py).
"""

from pathlib import Path

import numpy as np

from trainers.data.events.pixel_events import PixelEvents, Sensor, checked_events
from trainers.data.events.recording_bytes import REMEDY, read_recording
from trainers.errors import DataError

EVENT_BYTES = 5
OVERFLOW_Y = 240
OVERFLOW_US = 1 << 13


def read_atis(path: Path, sensor: Sensor, *, sort_times: bool) -> PixelEvents:
    """Events of one .bin file.

    Raises:
        DataError: it is missing, ends inside an event, holds none, or events lie outside the sensor
            or go back in time.
    """
    content = read_recording(path)
    if len(content) % EVENT_BYTES:
        raise DataError(
            f"{path}: its {len(content):,} bytes end inside event {len(content) // EVENT_BYTES:,} "
            f"({EVENT_BYTES} bytes each). {REMEDY}"
        )
    entries = np.frombuffer(content, np.uint8).reshape(-1, EVENT_BYTES)
    overflow = entries[:, 1] == OVERFLOW_Y
    high, middle, low = (entries[:, column].astype(np.int64) for column in (2, 3, 4))
    times = (high & 0x7F) << 16 | middle << 8 | low
    times += OVERFLOW_US * np.cumsum(overflow)
    events = ~overflow
    return checked_events(
        path,
        PixelEvents(times[events], entries[events, 0], entries[events, 1], entries[events, 2] >> 7),
        sensor,
        sort_times=sort_times,
    )
