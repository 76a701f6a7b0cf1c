"""N-Caltech101: 8,709 images of Caltech101 as seen by a moving event camera, 240 x 180 pixels.

Source: Orchard, Jayawant, Cohen, Thakor, "Converting Static Image Datasets to Spiking Neuromorphic
Datasets Using Saccades", Frontiers in Neuroscience 9, 2015. 100 kinds of objects and one class of
other pictures, BACKGROUND_Google; the published 101 classes are these. It has no official split:
see `split`. Format: trainers.data.events.atis_file. Recordings differ in size; events stay where
they were on the 240 x 180 pixels, and what a smaller recording doesn't reach is empty.
"""

from pathlib import Path
from typing import cast

from pydantic import Field

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.events.atis_file import read_atis
from trainers.data.events.camera_frames import recording_source
from trainers.data.events.event_splits import (
    LabelledFrames,
    PoolOptions,
    frame_splits,
    pool_rows,
)
from trainers.data.events.frame_building import cached_frames
from trainers.data.events.pixel_events import PixelEvents, Sensor
from trainers.data.events.recording_folders import (
    class_folders,
    list_recordings,
    unpacked_folder,
)
from trainers.data.splits import DataSplits
from trainers.errors import DataError

NAME = "n-caltech101"
ADDRESS = "https://www.garrickorchard.com/datasets/n-caltech101"
SENSOR = Sensor(width=240, height=180)
BACKGROUND = "BACKGROUND_Google"
PUBLISHED = 8_709


class NCaltech101Options(PoolOptions):
    """Options of `n-caltech101`.

    Args:
        size: side of square frames, 48 in most papers; None: 180 x 240.
        background: whether BACKGROUND_Google is a class.
    """

    size: int | None = Field(default=None, ge=1, le=SENSOR.height)
    background: bool = True


def load(options: DatasetOptions) -> DataSplits:
    """Lists and splits the recordings; inputs are event counts, [N, T, 2, H, W].

    Raises:
        DataError: recordings are missing or damaged, or the splits ask for too many samples.
        FileError: the frames can't be kept.
    """
    chosen = cast(NCaltech101Options, options)
    folder = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected is a folder for each class with .bin files, as {folder}/Caltech101/"
        f"accordion, unpacked from {ADDRESS}; name the folder above them in data.path."
    )
    root = unpacked_folder(folder, "Caltech101")
    classes = class_folders(root, layout)
    if len(classes) < 2:
        raise DataError(f"{root}: {len(classes)} class folders, at least 2 are needed. {layout}")
    if not chosen.background:
        classes = tuple(name for name in classes if name != BACKGROUND)
    found = list_recordings(root, classes, ".bin", layout)

    def read(path: Path) -> PixelEvents:
        return read_atis(path, SENSOR, sort_times=chosen.sort_times)

    source = recording_source(NAME, root, found.files, read, SENSOR, chosen.size, chosen)
    pool = LabelledFrames(cached_frames(source, chosen.cache), found.labels)
    rows = pool_rows(NAME, found.labels, chosen)
    samples = len(found.labels)
    name = NAME if samples == PUBLISHED else f"{NAME} ({samples:,} of {PUBLISHED:,})"
    return frame_splits(name, pool, pool, pool, rows, classes, chosen.workers)


N_CALTECH101 = Dataset(
    summary="8,709 event recordings of Caltech101's images, 240x180, 101 classes",
    options=NCaltech101Options,
    load=load,
)
