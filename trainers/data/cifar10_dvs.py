"""CIFAR10-DVS: 10,000 images of CIFAR-10 as seen by an event camera, 128 x 128 pixels.

Source: Li, Liu, Ji, Li, Shi, "CIFAR10-DVS: An Event-Stream Dataset for Object Classification",
Frontiers in Neuroscience 11, 2017. It has no official split: see `split`. Format: AEDAT 2.0
(trainers.data.events.aedat2_file); a later re-issue in AEDAT 4 isn't read.
"""

from pathlib import Path
from typing import cast

from pydantic import Field

from trainers.data.cifar_classes import CIFAR10_CLASSES
from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.events.aedat2_file import SENSOR, read_aedat2
from trainers.data.events.camera_frames import recording_source
from trainers.data.events.event_splits import (
    LabelledFrames,
    PoolOptions,
    frame_splits,
    pool_rows,
)
from trainers.data.events.frame_building import cached_frames
from trainers.data.events.pixel_events import PixelEvents
from trainers.data.events.recording_folders import list_recordings
from trainers.data.splits import DataSplits

NAME = "cifar10-dvs"
ADDRESS = "https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671"
PUBLISHED = 10_000


class Cifar10DvsOptions(PoolOptions):
    """Options of `cifar10-dvs`.

    Args:
        size: side of the frames, 48 in most papers; None: 128.
    """

    size: int | None = Field(default=None, ge=1, le=SENSOR.height)


def load(options: DatasetOptions) -> DataSplits:
    """Lists and splits the recordings; inputs are event counts, [N, T, 2, H, W].

    Raises:
        DataError: recordings are missing or damaged, or the splits ask for too many samples.
        FileError: the frames can't be kept.
    """
    chosen = cast(Cifar10DvsOptions, options)
    root = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected are {root}/airplane to truck with .aedat files (AEDAT 2.0), unpacked "
        f"from the ten archives at {ADDRESS}; name their folder in data.path."
    )
    found = list_recordings(root, CIFAR10_CLASSES, ".aedat", layout)

    def read(path: Path) -> PixelEvents:
        return read_aedat2(path, sort_times=chosen.sort_times)

    source = recording_source(NAME, root, found.files, read, SENSOR, chosen.size, chosen)
    pool = LabelledFrames(cached_frames(source, chosen.cache), found.labels)
    rows = pool_rows(NAME, found.labels, chosen)
    samples = len(found.labels)
    name = NAME if samples == PUBLISHED else f"{NAME} ({samples:,} of {PUBLISHED:,})"
    return frame_splits(name, pool, pool, pool, rows, CIFAR10_CLASSES, chosen.workers)


CIFAR10_DVS = Dataset(
    summary="10,000 event recordings of CIFAR-10's images, 128x128, 10 classes",
    options=Cifar10DvsOptions,
    load=load,
)
