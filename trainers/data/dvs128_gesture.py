"""DVS128 Gesture: 11 hand and arm gestures of 29 people before an event camera, 128 x 128 pixels.

Source: Amir et al., "A Low Power, Fully Event-Based Gesture Recognition System", CVPR 2017. Each
recording holds several gestures, cut out by its label file. The test split is the official one, of
people who aren't in the training split; validation holds people of their own too. Formats:
trainers.data.events.aedat3_file and gesture_trials.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.events.aedat3_file import SENSOR, read_aedat3
from trainers.data.events.camera_frames import frame_settings, frame_shape, pixel_frames
from trainers.data.events.event_options import FrameOptions
from trainers.data.events.event_splits import LabelledFrames, frame_splits, subset_rows
from trainers.data.events.frame_building import FrameSource, cached_frames
from trainers.data.events.gesture_trials import GESTURES, Trial, list_trials
from trainers.data.events.recording_folders import unpacked_folder
from trainers.data.image_splits import SplitRows
from trainers.data.splits import DataSplits
from trainers.errors import DataError

NAME = "dvs128-gesture"
ADDRESS = "https://ibm.ent.box.com/s/3hiq58ww1pbbjrinh367ykfdf60xsfm8/folder/50167556794"
PUBLISHED = 122


class GestureOptions(FrameOptions):
    """Options of `dvs128-gesture`.

    Args:
        size: side of the frames; None: 128.
        validation_users: so many people, those with the highest numbers in trials_to_train.txt,
            validate and don't train.
    """

    size: int | None = Field(default=None, ge=1, le=SENSOR.height)
    validation_users: int = Field(default=3, ge=1)


def load(options: DatasetOptions) -> DataSplits:
    """Lists and splits the gestures; inputs are event counts, [N, T, 2, H, W].

    Raises:
        DataError: files are missing or damaged, or the splits ask for too many people or samples.
        FileError: the frames can't be kept.
    """
    chosen = cast(GestureOptions, options)
    folder = (chosen.path or data_folder(NAME)).absolute()
    layout = (
        f"Expected are {folder}/DvsGesture/trials_to_train.txt and trials_to_test.txt, with "
        f"the .aedat and _labels.csv files beside them, unpacked from DvsGesture.tar.gz at "
        f"{ADDRESS}; name the folder in data.path."
    )
    root = unpacked_folder(folder, "DvsGesture")
    train = list_trials(root, "trials_to_train.txt", layout)
    test = list_trials(root, "trials_to_test.txt", layout)
    train_set, test_set = _kept(train, "train", chosen), _kept(test, "test", chosen)
    held = _of_users(train, _held_out_users(root, train, chosen.validation_users))
    stays = np.flatnonzero(~held)
    rows = SplitRows(
        stays[subset_rows(NAME, "train", train_set.labels[stays], chosen)],
        np.flatnonzero(held),
        subset_rows(NAME, "test", test_set.labels, chosen),
    )
    trials = len(train) + len(test)
    name = NAME if trials == PUBLISHED else f"{NAME} ({trials} of {PUBLISHED} recordings)"
    return frame_splits(name, train_set, train_set, test_set, rows, GESTURES, chosen.workers)


def _kept(trials: tuple[Trial, ...], part: str, options: GestureOptions) -> LabelledFrames:
    labels = [stretch.label for trial in trials for stretch in trial.stretches]

    def frames() -> Iterator[NDArray[np.uint8]]:
        return (gesture for trial in trials for gesture in _gestures(trial, options))

    source = FrameSource(
        name=f"{NAME}-{part}",
        root=trials[0].path.parent,
        files=tuple(path for trial in trials for path in (trial.path, trial.labels)),
        samples=len(labels),
        sample_shape=frame_shape(SENSOR, options.size, options),
        settings=frame_settings(options, options.size),
        read=frames,
    )
    return LabelledFrames(cached_frames(source, options.cache), np.array(labels, np.int64))


def _gestures(trial: Trial, options: GestureOptions) -> Iterator[NDArray[np.uint8]]:
    events = read_aedat3(trial.path, sort_times=options.sort_times)
    for number, stretch in enumerate(trial.stretches, 1):
        first, end = np.searchsorted(events.times, (stretch.start, stretch.end))
        if first == end:
            raise DataError(
                f"{trial.labels}: gesture {number} lasts from {stretch.start:,} to "
                f"{stretch.end:,} us, but {trial.path.name} has no event in that time. Unpack the "
                "archive again."
            )
        gesture = events.between(int(first), int(end))
        yield pixel_frames(gesture, SENSOR, options.size, options)


def _held_out_users(root: Path, trials: tuple[Trial, ...], number: int) -> set[int]:
    users = sorted({trial.user for trial in trials})
    if number >= len(users):
        raise DataError(
            f"{root}: validation_users {number} of the {len(users)} people in trials_to_train.txt "
            f"leave none to train. Ask for fewer than {len(users)}."
        )
    return set(users[-number:])


def _of_users(trials: tuple[Trial, ...], users: set[int]) -> NDArray[np.bool_]:
    return np.array([trial.user in users for trial in trials for _ in trial.stretches])


DVS128_GESTURE = Dataset(
    summary="some 1,460 event recordings of gestures, 128x128, 11 classes",
    options=GestureOptions,
    load=load,
)
