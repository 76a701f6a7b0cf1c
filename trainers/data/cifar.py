"""CIFAR-10 and CIFAR-100 in their binary version: 50,000 + 10,000 real colour images, 32x32.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; files and layout
at https://www.cs.toronto.edu/~kriz/cifar.html ("binary version"). A record is 1 label byte
(CIFAR-100: 2, coarse then fine) and 3,072 pixels: red, green, blue planes, row by row. The Python
version is pickled, which could run code when read, so it isn't read here.

Inputs are x / 255, [N, 3, 32, 32]; no mean is subtracted: a shift doesn't fold through zero
padding, so an exported network couldn't take it over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from trainers.data.cifar_classes import CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_COARSE
from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.from_source import from_source
from trainers.data.image_splits import ImageSplitOptions, LabelledImages, split_images
from trainers.data.splits import DataSplits
from trainers.errors import DataError

ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar.html"
SIDE = 32
PIXELS = 3 * SIDE * SIDE


class CifarOptions(ImageSplitOptions):
    """Options of `cifar10` and `cifar100`.

    Args:
        path: folder of the .bin files, relative to where the command runs; None: where
            `spikeport download` puts them.
    """

    path: Path | None = None


@dataclass(frozen=True)
class CifarVersion:
    """Where CIFAR-10 and CIFAR-100 differ.

    Args:
        name: of the data set.
        train: training files.
        test: the test file.
        records: images that each published training file holds.
        test_records: images that the published test file holds.
        label_limits: per label byte, the number of classes; the last one is what is learnt.
        classes: names of the last label.
    """

    name: str
    train: tuple[str, ...]
    test: str
    records: int
    test_records: int
    label_limits: tuple[int, ...]
    classes: tuple[str, ...]


CIFAR10_VERSION = CifarVersion(
    name="cifar10",
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test="test_batch.bin",
    records=10_000,
    test_records=10_000,
    label_limits=(len(CIFAR10_CLASSES),),
    classes=CIFAR10_CLASSES,
)

CIFAR100_VERSION = CifarVersion(
    name="cifar100",
    train=("train.bin",),
    test="test.bin",
    records=50_000,
    test_records=10_000,
    label_limits=(CIFAR100_COARSE, len(CIFAR100_CLASSES)),
    classes=CIFAR100_CLASSES,
)


def load_version(version: CifarVersion, options: CifarOptions) -> DataSplits:
    """Reads and splits one version; inputs are x / 255 in [0, 1], [N, 3, 32, 32].

    Files may hold fewer whole records than the published ones; the name of the result then says
    how many images were found.

    Raises:
        DataError: files are missing, end inside a record, hold more than the published ones or
            labels that can't be, or the splits ask for too many samples.
    """
    folder = options.path or data_folder(version.name)
    missing = [name for name in (*version.train, version.test) if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder}: no file {missing[0]}. Expected are {', '.join(version.train)} and "
            f"{version.test}, the binary version from {ADDRESS}. Run `spikeport download "
            f"{version.name}`, or name their folder in data.path."
        )
    parts = [_read(folder / name, version.records, version) for name in version.train]
    train = LabelledImages(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
    test = _read(folder / version.test, version.test_records, version)
    found = len(train.labels) + len(test.labels)
    published = len(version.train) * version.records + version.test_records
    name = version.name if found == published else f"{version.name} ({found:,} of {published:,})"
    return split_images(name, train, test, version.classes, options)


def _read(path: Path, most: int, version: CifarVersion) -> LabelledImages:
    label_bytes = len(version.label_limits)
    record = label_bytes + PIXELS
    try:
        with path.open("rb") as file:
            # Reading allocates what it is asked for, so no more is asked for than there is.
            content = file.read(min(path.stat().st_size, most * record) + 1)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). Fetch it again.") from error
    whole, rest = divmod(len(content), record)
    if not content or rest:
        held = f"more than {most:,} records" if whole == most else f"{len(content):,} bytes"
        raise DataError(
            f"{path}: holds {held}, expected 1 to {most:,} records of {record:,} bytes. Fetch the "
            f"binary version again from {ADDRESS}."
        )
    records = np.frombuffer(content, np.uint8).reshape(whole, record)
    _refuse_labels(path, records, version.label_limits)
    return LabelledImages(
        records[:, label_bytes:].reshape(whole, 3, SIDE, SIDE),
        records[:, label_bytes - 1].astype(np.int64),
    )


def _refuse_labels(path: Path, records: NDArray[np.uint8], limits: tuple[int, ...]) -> None:
    for column, limit in enumerate(limits):
        highest = int(records[:, column].max())
        if highest >= limit:
            where = int(records[:, column].argmax())
            raise DataError(
                f"{path}: label {highest} in byte {column + 1} of record {where:,}, expected 0 to "
                f"{limit - 1}. Fetch the binary version again from {ADDRESS}."
            )


def _loader(version: CifarVersion) -> Callable[[DatasetOptions], DataSplits]:
    return lambda options: load_version(version, cast(CifarOptions, options))


CIFAR10 = Dataset(
    summary="60,000 real colour images, 32x32, 10 classes (binary version)",
    options=CifarOptions,
    load=_loader(CIFAR10_VERSION),
    download=from_source(CIFAR10_VERSION.name),
)

CIFAR100 = Dataset(
    summary="60,000 real colour images, 32x32, 100 classes (binary version)",
    options=CifarOptions,
    load=_loader(CIFAR100_VERSION),
    download=from_source(CIFAR100_VERSION.name),
)
