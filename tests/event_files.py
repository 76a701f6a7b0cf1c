"""Small event recordings in the data sets' own file formats, written byte by byte."""

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Events = NDArray[np.int64]
"""[E, 4]: time in us, x, y, polarity."""

LINE_END = b"\r\n"
OVERFLOW_Y = 240


def random_events(seed: int, width: int, height: int, number: int = 60) -> Events:
    """Events by rising time, all over a sensor."""
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(0, 8000, number))
    places = [random.integers(0, limit, number) for limit in (width, height, 2)]
    return np.stack([times, *places], axis=1)


def counted(events: Events, bounds: Sequence[int], height: int, width: int) -> NDArray[np.float32]:
    """Frames [T, 2, H, W] of the parts between these bounds, event by event."""
    frames = np.zeros((len(bounds) - 1, 2, height, width), np.float32)
    for step, (start, stop) in enumerate(pairwise(bounds)):
        for _, x, y, polarity in events[start:stop]:
            frames[step, polarity, y, x] += 1
    return frames


def atis_event(time: int, x: int, y: int, polarity: int) -> bytes:
    """Five bytes; with y = 240, a clock overflow."""
    return bytes([x, y]) + (polarity << 23 | time).to_bytes(3, "big")


def atis_bytes(events: Events) -> bytes:
    """A .bin file of N-MNIST or N-Caltech101, without overflows."""
    return b"".join(atis_event(*map(int, event)) for event in events)


def aedat2_event(time: int, x: int, y: int, polarity: int) -> bytes:
    """Eight bytes, big-endian, of a picture that the camera saw turned round."""
    return struct.pack(">II", (127 - x) << 8 | (127 - y) << 1 | (1 - polarity), time)


AEDAT2_HEADER = LINE_END.join(
    [
        b"#!AER-DAT2.0",
        b"# This is a raw AE data file - do not edit",
        b"# Timestamps tick is 1 us",
        b"",
    ]
)


def aedat2_bytes(events: Events, header: bytes = AEDAT2_HEADER) -> bytes:
    """An .aedat file of CIFAR10-DVS."""
    return header + b"".join(aedat2_event(*map(int, event)) for event in events)


AEDAT3_HEADER = LINE_END.join(
    [
        b"#!AER-DAT3.1",
        b"#Format: RAW",
        b"#Source 1: DVS128",
        b"#Start-Time: 2016-09-01 12:00:00 (TZ+0200)",
        b"#!END-HEADER",
        b"",
    ]
)


def aedat3_event(time: int, x: int, y: int, polarity: int, valid: int = 1) -> bytes:
    """Eight bytes, little-endian."""
    return struct.pack("<II", x << 17 | y << 2 | polarity << 1 | valid, time)


def aedat3_packet(content: bytes, overflows: int = 0, **fields: int) -> bytes:
    """A packet of polarity events; fields of its header may be set to other values."""
    number = len(content) // 8
    header = {
        "kind": 1, "source": 1, "size": 8, "offset": 4, "overflows": overflows,
        "capacity": number, "number": number, "valid": number, **fields,
    }  # fmt: skip
    return struct.pack("<HHIIIIII", *header.values()) + content


def aedat3_bytes(*packets: Events) -> bytes:
    """An .aedat file of DVS128 Gesture, with these packets."""
    contents = [b"".join(aedat3_event(*map(int, event)) for event in events) for events in packets]
    return AEDAT3_HEADER + b"".join(map(aedat3_packet, contents))


Spikes = tuple[Sequence[float], Sequence[int]]
"""Times in seconds and units."""


def write_spikes(
    path: Path, recordings: Sequence[Spikes], labels: Sequence[int], names: Sequence[str]
) -> Path:
    """A file of SHD or SSC."""
    with h5py.File(path, "w") as file:
        for name, column, kind in (("times", 0, "<f2"), ("units", 1, "<u2")):
            dataset = file.create_dataset(
                f"spikes/{name}", (len(recordings),), h5py.vlen_dtype(np.dtype(kind))
            )
            for index, recording in enumerate(recordings):
                dataset[index] = np.array(recording[column], kind)
        file["labels"] = np.array(labels, np.uint16)
        file["extra/keys"] = np.array([name.encode() for name in names])
        file["extra/speaker"] = np.zeros(len(labels), np.uint16)
    return path


def ragged(path: Path, name: str, lists: Sequence[Any], kind: str, **options: Any) -> Path:
    """An HDF5 file with other lists under a name."""
    with h5py.File(path, "a") as file:
        del file[name]
        dtype = h5py.vlen_dtype(np.dtype(kind))
        dataset = file.create_dataset(name, (len(lists),), dtype, **options)
        for index, values in enumerate(lists):
            dataset[index] = np.array(values, kind)
    return path


def write_recordings(folder: Path, contents: dict[str, bytes]) -> Path:
    """Files by their names below a folder."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
