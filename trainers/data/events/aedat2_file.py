"""Recordings of CIFAR10-DVS: AEDAT 2.0 of a DVS128 camera, as jAER wrote it.

After a text header (lines that start with #), each event is a big-endian uint32 address and a
big-endian uint32 time in microseconds. Of the address a, x = 127 - (a >> 8 & 127),
y = 127 - (a >> 1 & 127) and the polarity is 1 - (a & 1). Bit 15 marks signals from outside, which
belong to no pixel and are left out.

Source of the layout: https://docs.inivation.com (AEDAT 2.0); of the orientation: the reader of
spikingjelly.datasets.cifar10_dvs, which the papers' loaders follow.
"""

from pathlib import Path

import numpy as np

from trainers.data.events.aedat_header import after_version, line_end
from trainers.data.events.pixel_events import PixelEvents, Sensor, checked_events
from trainers.data.events.recording_bytes import REMEDY, read_recording
from trainers.errors import DataError

SENSOR = Sensor(width=128, height=128)
EVENT_BYTES = 8
LAST = 127
OUTSIDE_BIT = 1 << 15


def read_aedat2(path: Path, *, sort_times: bool) -> PixelEvents:
    """Events of one .aedat file.

    Raises:
        DataError: it is missing, isn't AEDAT 2.0, ends inside an event, holds none, an address no
            DVS128 has, or times that fall.
    """
    content = read_recording(path)
    start = after_version(path, content, "2.0")
    while content.startswith(b"#", start):
        start = line_end(path, content, start)
    if (len(content) - start) % EVENT_BYTES:
        raise DataError(
            f"{path}: the {len(content) - start:,} bytes after its header end inside event "
            f"{(len(content) - start) // EVENT_BYTES:,} ({EVENT_BYTES} bytes each). {REMEDY}"
        )
    words = np.frombuffer(content, ">u4", offset=start).reshape(-1, 2)
    addresses = words[:, 0].astype(np.uint32)
    _refuse_addresses(path, addresses)
    pixels = addresses & OUTSIDE_BIT == 0
    kept = addresses[pixels]
    return checked_events(
        path,
        PixelEvents(
            words[pixels, 1].astype(np.int64),
            (LAST - (kept >> 8 & LAST)).astype(np.uint8),
            (LAST - (kept >> 1 & LAST)).astype(np.uint8),
            (1 - (kept & 1)).astype(np.uint8),
        ),
        SENSOR,
        sort_times=sort_times,
    )


def _refuse_addresses(path: Path, addresses: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> None:
    strange = addresses >= 2 * OUTSIDE_BIT
    if strange.any():
        place = int(strange.argmax())
        raise DataError(
            f"{path}: event {place:,} has the address 0x{addresses[place]:08x}, which no DVS128 "
            f"has (16 bits). {REMEDY}"
        )
