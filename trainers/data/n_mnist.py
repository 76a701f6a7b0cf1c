"""N-MNIST: MNIST's 60,000 + 10,000 digits as seen by a moving event camera, 34 x 34 pixels.

Source: Orchard, Jayawant, Cohen, Thakor, "Converting Static Image Datasets to Spiking Neuromorphic
Datasets Using Saccades", Frontiers in Neuroscience 9, 2015. The test split is the official one;
validation samples come out of the training folder. Format: trainers.data.events.atis_file.
"""

from pathlib import Path
from typing import cast

from pydantic import Field

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.events.atis_file import read_atis
from trainers.data.events.camera_frames import recording_source
from trainers.data.events.event_options import HeldOutOptions
from trainers.data.events.event_splits import LabelledFrames, frame_splits, official_rows
from trainers.data.events.frame_building import cached_frames
from trainers.data.events.pixel_events import PixelEvents, Sensor
from trainers.data.events.recording_folders import list_recordings
from trainers.data.splits import DataSplits

NAME = "n-mnist"
ADDRESS = "https://www.garrickorchard.com/datasets/n-mnist"
SENSOR = Sensor(width=34, height=34)
CLASSES = tuple("0123456789")
PUBLISHED = 70_000


class NMnistOptions(HeldOutOptions):
    """Options of `n-mnist`.

    Args:
        size: side of the frames; 17 sums 2 x 2 pixels; None: 34.
    """

    size: int | None = Field(default=None, ge=1, le=SENSOR.height)


def load(options: DatasetOptions) -> DataSplits:
    """Lists and splits the recordings; inputs are event counts, [N, T, 2, H, W].

    Raises:
        DataError: recordings are missing or damaged, or the splits ask for too many samples.
        FileError: the frames can't be kept.
    """
    chosen = cast(NMnistOptions, options)
    root = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected are {root}/Train/0 to 9 and {root}/Test/0 to 9 with .bin files, "
        f"from {ADDRESS}; name their folder in data.path."
    )

    def read(path: Path) -> PixelEvents:
        return read_atis(path, SENSOR, sort_times=chosen.sort_times)

    def part(name: str) -> LabelledFrames:
        found = list_recordings(root / name, CLASSES, ".bin", layout)
        source = recording_source(
            f"{NAME}-{name.lower()}", root, found.files, read, SENSOR, chosen.size, chosen
        )
        return LabelledFrames(cached_frames(source, chosen.cache), found.labels)

    train, test = part("Train"), part("Test")
    found = len(train.labels) + len(test.labels)
    rows = official_rows(NAME, train.labels, test.labels, chosen)
    name = NAME if found == PUBLISHED else f"{NAME} ({found:,} of {PUBLISHED:,})"
    return frame_splits(name, train, train, test, rows, CLASSES, chosen.workers)


N_MNIST = Dataset(
    summary="70,000 event recordings of MNIST's digits, 34x34, 10 classes",
    options=NMnistOptions,
    load=load,
)
