"""SHD, the Spiking Heidelberg Digits: spoken digits, German and English, as spikes of 700 units.

Source: Cramer, Stradmann, Schemmel, Zenke, "The Heidelberg Spiking Data Sets", arXiv 1910.07407.
The test split is the official one, in part of speakers who don't train; validation samples are
drawn from the training file, of the same speakers, so they are the easier ones. Format:
trainers.data.events.spike_file.
"""

from typing import cast

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.events.event_options import HeldOutOptions
from trainers.data.events.event_splits import frame_splits, official_rows
from trainers.data.events.spike_options import ADDRESS, SpikeOptions
from trainers.data.splits import DataSplits

NAME = "shd"
CLASSES = 20


class ShdOptions(SpikeOptions, HeldOutOptions):
    """Options of `shd`: those of both."""


def load(options: DatasetOptions) -> DataSplits:
    """Reads labels and splits the recordings; inputs are spike counts, [N, T, units].

    Raises:
        DataError: files are missing or damaged, or the splits ask for too many samples.
        FileError: the frames can't be kept.
    """
    # Only here: h5py takes its time to load.
    from trainers.data.events.spike_frames import load_spikes

    chosen = cast(ShdOptions, options)
    root = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected are shd_train.h5 and shd_test.h5 in {root}, unpacked from {ADDRESS}; "
        "name their folder in data.path."
    )
    train = load_spikes("shd-train", root / "shd_train.h5", CLASSES, layout, chosen)
    test = load_spikes("shd-test", root / "shd_test.h5", CLASSES, layout, chosen)
    rows = official_rows(NAME, train.samples.labels, test.samples.labels, chosen)
    return frame_splits(
        NAME, train.samples, train.samples, test.samples, rows, train.classes, chosen.workers
    )


SHD = Dataset(
    summary="some 10,400 spoken digits as spikes of 700 units, 20 classes",
    options=ShdOptions,
    load=load,
    download=from_source(NAME),
)
