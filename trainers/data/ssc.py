"""SSC, the Spiking Speech Commands: spoken words as spikes of 700 units.

Source: Cramer, Stradmann, Schemmel, Zenke, "The Heidelberg Spiking Data Sets", arXiv 1910.07407.
All three splits are the official ones. Format: trainers.data.events.spike_file.
"""

from typing import cast

import numpy as np

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.events.event_splits import frame_splits, subset_rows
from trainers.data.events.spike_options import ADDRESS, SpikeOptions
from trainers.data.image_splits import SplitRows
from trainers.data.splits import DataSplits

NAME = "ssc"
CLASSES = 35


def load(options: DatasetOptions) -> DataSplits:
    """Reads labels and splits; inputs are spike counts, [N, T, units].

    Raises:
        DataError: files are missing or damaged, or the splits ask for too many samples.
        FileError: the frames can't be kept.
    """
    # Only here: h5py takes its time to load.
    from trainers.data.events.spike_frames import load_spikes

    chosen = cast(SpikeOptions, options)
    root = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected are ssc_train.h5, ssc_valid.h5 and ssc_test.h5 in {root}, unpacked from "
        f"{ADDRESS}; name their folder in data.path."
    )
    train, validation, test = (
        load_spikes(f"ssc-{part}", root / f"ssc_{part}.h5", CLASSES, layout, chosen)
        for part in ("train", "valid", "test")
    )
    rows = SplitRows(
        subset_rows(NAME, "train", train.samples.labels, chosen),
        np.arange(len(validation.samples.labels)),
        subset_rows(NAME, "test", test.samples.labels, chosen),
    )
    return frame_splits(
        NAME,
        train.samples,
        validation.samples,
        test.samples,
        rows,
        train.classes,
        chosen.workers,
    )


SSC = Dataset(
    summary="some 105,000 spoken words as spikes of 700 units, 35 classes",
    options=SpikeOptions,
    load=load,
    download=from_source(NAME),
)
