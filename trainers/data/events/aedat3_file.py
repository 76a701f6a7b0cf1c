"""Recordings of DVS128 Gesture: AEDAT 3.1, as cAER wrote it.

After a text header that ends with the line #!END-HEADER come packets. A packet's header has 28
bytes, little-endian: type and source (uint16), size of an event, offset of the time in an event,
overflows of the clock, capacity, number of events and how many of them are valid (uint32). Of each
event of type 1 (polarity), the first uint32 is the address a: x = a >> 17 and y = a >> 2 (15 bits
each), polarity a >> 1 & 1, valid a & 1; the second is the time in microseconds, 31 bits, on top of
which come the overflows.

Packets of other types are stepped over. Where a header says that fewer events are valid than there
are, the invalid ones are left out.

Source: https://docs.inivation.com (AEDAT 3.1).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.aedat_header import after_version, line_end
from trainers.data.events.pixel_events import PixelEvents, Sensor, checked_events
from trainers.data.events.recording_bytes import REMEDY, read_recording
from trainers.errors import DataError

SENSOR = Sensor(width=128, height=128)
POLARITY = 1
EVENT_BYTES = 8
TIME_OFFSET = 4
TIME_BITS = 31
ADDRESS_BITS = 15

_HEADER = struct.Struct("<HHIIIIII")


@dataclass(frozen=True)
class _Packet:
    kind: int
    event_bytes: int
    time_offset: int
    overflows: int
    capacity: int
    number: int
    valid: int


def read_aedat3(path: Path, *, sort_times: bool) -> PixelEvents:
    """Polarity events of one .aedat file.

    Raises:
        DataError: it is missing, isn't AEDAT 3.1, ends inside a packet, a packet contradicts
            itself, there is no event, or events lie outside the sensor or go back in time.
    """
    content = read_recording(path)
    addresses, times = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    for words, overflows in _polarity_packets(path, content):
        addresses.append(words[:, 0])
        times.append(words[:, 1].astype(np.int64) | overflows << TIME_BITS)
    address = np.concatenate(addresses)
    coordinate = (1 << ADDRESS_BITS) - 1
    return checked_events(
        path,
        PixelEvents(
            np.concatenate(times),
            (address >> 17 & coordinate).astype(np.uint16),
            (address >> 2 & coordinate).astype(np.uint16),
            (address >> 1 & 1).astype(np.uint8),
        ),
        SENSOR,
        sort_times=sort_times,
    )


def _polarity_packets(path: Path, content: bytes) -> Iterator[tuple[NDArray[np.uint32], int]]:
    """Address and time of the valid events of each packet, [E, 2], and the clock's overflows."""
    at = _first_packet(path, content)
    while at < len(content):
        packet = _packet(path, content, at)
        start = at + _HEADER.size
        if packet.kind == POLARITY:
            words = np.frombuffer(content, "<u4", 2 * packet.number, start).reshape(-1, 2)
            yield _valid(path, at, words, packet), packet.overflows
        at = start + packet.capacity * packet.event_bytes


def _first_packet(path: Path, content: bytes) -> int:
    start = after_version(path, content, "3.1")
    while True:
        end = line_end(path, content, start)
        line = content[start:end]
        if line.rstrip() == b"#!END-HEADER":
            return end
        if not line.startswith(b"#"):
            raise DataError(
                f"{path}: the header line at byte {start:,} doesn't start with '#', and none "
                f"before it is '#!END-HEADER'. {REMEDY}"
            )
        start = end


def _packet(path: Path, content: bytes, at: int) -> _Packet:
    left = len(content) - at - _HEADER.size
    if left < 0:
        raise DataError(
            f"{path}: ends inside the header of the packet at byte {at:,} ({_HEADER.size} bytes). "
            f"{REMEDY}"
        )
    kind, _, *fields = _HEADER.unpack_from(content, at)
    packet = _Packet(kind, *fields)
    if packet.capacity * packet.event_bytes > left:
        raise DataError(
            f"{path}: the packet at byte {at:,} claims {packet.capacity:,} events of "
            f"{packet.event_bytes:,} bytes, but {left:,} bytes are left. {REMEDY}"
        )
    if not packet.valid <= packet.number <= packet.capacity:
        raise DataError(
            f"{path}: the packet at byte {at:,} claims {packet.valid:,} valid of "
            f"{packet.number:,} events and room for {packet.capacity:,}. {REMEDY}"
        )
    if kind == POLARITY and (packet.event_bytes, packet.time_offset) != (EVENT_BYTES, TIME_OFFSET):
        raise DataError(
            f"{path}: the packet at byte {at:,} has events of {packet.event_bytes:,} bytes with "
            f"the time at {packet.time_offset:,}, expected {EVENT_BYTES} and {TIME_OFFSET}. "
            f"{REMEDY}"
        )
    return packet


def _valid(path: Path, at: int, words: NDArray[np.uint32], packet: _Packet) -> NDArray[np.uint32]:
    strange = words[:, 1] >> TIME_BITS
    if strange.any():
        raise DataError(
            f"{path}: event {int(strange.argmax()):,} of the packet at byte {at:,} has a time of "
            f"more than {TIME_BITS} bits. {REMEDY}"
        )
    if packet.valid == packet.number:
        return words
    kept: NDArray[np.uint32] = words[words[:, 0] & 1 == 1]
    if len(kept) != packet.valid:
        raise DataError(
            f"{path}: the packet at byte {at:,} claims {packet.valid:,} valid events, but "
            f"{len(kept):,} are marked so. {REMEDY}"
        )
    return kept
