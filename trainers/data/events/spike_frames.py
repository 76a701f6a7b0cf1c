"""Frames of SHD and SSC: spikes of 700 units, counted in bins of neighbouring units.

Unit u counts in place u * units // 700. Frames of a fixed length begin at time 0 of a recording,
not with its first spike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.event_frames import count_frames
from trainers.data.events.event_splits import LabelledFrames
from trainers.data.events.frame_building import FrameSource, cached_frames
from trainers.data.events.spike_file import opened_spikes
from trainers.data.events.spike_options import UNITS, SpikeOptions


@dataclass(frozen=True)
class SpikeSet:
    """Kept frames of one file, and its class names in label order."""

    samples: LabelledFrames
    classes: tuple[str, ...]


def load_spikes(
    name: str, path: Path, classes: int, layout: str, options: SpikeOptions
) -> SpikeSet:
    """Labels and frames of one file; the frames are built unless they are kept already.

    Args:
        name: of the data set and the part of it.
        path: of the file.
        classes: how many there must be.
        layout: what is expected and where it comes from, for messages.
        options: how to cut, bin and count.

    Raises:
        DataError: the file is missing or damaged.
        FileError: the frames can't be kept.
    """
    with opened_spikes(path, classes, layout) as file:
        labels, names = file.labels, file.classes

    def frames() -> Iterator[NDArray[np.uint8]]:
        with opened_spikes(path, classes, layout) as file:
            for index in range(len(labels)):
                times, units = file.spikes(index, sort_times=options.sort_times)
                places = units * options.units // UNITS
                yield count_frames(times, places, options.units, options, origin=0)

    source = FrameSource(
        name=name,
        root=path.parent,
        files=(path,),
        samples=len(labels),
        sample_shape=(options.frames, options.units),
        settings={
            "frames": options.frames,
            "split_by": options.split_by or "events",
            "frame_us": options.frame_us,
            "largest_count": options.largest_count,
            "sort_times": options.sort_times,
            "units": options.units,
        },
        read=frames,
    )
    return SpikeSet(LabelledFrames(cached_frames(source, options.cache), labels), names)
