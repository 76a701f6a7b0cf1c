"""Image sets of the Hugging Face Hub, and local ones in its formats, read while training.

`path` names a folder of Parquet files, Arrow files or class folders of images, or one that
`save_to_disk` wrote; or OWNER/NAME of a data set on the Hub, which `--download` fetches once. Only
that fetch touches the network: training reads the folder, with or without HF_DATASETS_OFFLINE.

Why files mapped into memory, and not the Hub's streams (`streaming=True`): an IterableDataset
shuffles within a buffer, whose content is lost when it is resumed (datasets 5.2,
IterableDataset.state_dict); of several processes each gets whole shards, where these divide evenly,
or else reads and drops the others' samples (split_dataset_by_node); and neither the number of
samples nor their classes are known beforehand. Arrow files on disk are indexed instead: the order
of all samples depends on the seed and the epoch alone, an interrupted run continues with the very
batches, each process reads its own rows, and classes are held out in their shares. Memory stays
bounded all the same, as nothing is read before a batch needs it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from trainers.data.data_folder import data_folder
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.download.meter import Meter
from trainers.data.hub_extra import require_hub_extra
from trainers.data.huggingface_options import NAME, HuggingFaceOptions, folder_of
from trainers.data.image_folder import WHITE, default_validation_samples
from trainers.data.image_splits import SplitRows, split_rows
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import Indices, draw
from trainers.errors import DataError

if TYPE_CHECKING:
    from trainers.data.arrow_folder import Splits

OWN_VALIDATION = "validation"
"""Name of the split that validates where nothing else is wanted."""


def load(options: DatasetOptions) -> DataSplits:
    """Opens and splits a data set; inputs are x / 255 in [0, 1], [N, channels, size, size].

    Raises:
        ConfigError: `datasets` or Pillow can't be imported.
        DataError: the data set isn't on this machine, is damaged or lacks a split or column, a
            label is missing, or the splits ask for too many samples.
        FileError: Arrow files can't be written for it.
    """
    chosen = cast(HuggingFaceOptions, options)
    folder = _existing(chosen)
    require_hub_extra()
    from trainers.data.arrow_columns import class_names, image_column, label_column, label_positions
    from trainers.data.arrow_folder import open_folder
    from trainers.data.arrow_images import ArrowImages, Crop

    splits = open_folder(folder, chosen.config, data_folder(NAME) / "arrow")
    where, table = _split(chosen, splits, chosen.train)
    image = image_column(where, table, chosen.image_column)
    label = label_column(where, table, chosen.label_column)
    classes = class_names(where, table, label)
    crop = Crop(chosen.image_size, chosen.channels, chosen.resize)

    def part(name: str) -> _Part:
        where, table = _split(chosen, splits, name)
        image_column(where, table, image)
        label_column(where, table, label)
        return _Part(where, table, label_positions(where, table, label, classes))

    def split(part: _Part, rows: Indices) -> Split:
        return Split(ArrowImages(part.where, part.table, image, rows, crop), part.labels[rows])

    train, test = part(chosen.train), part(chosen.test)
    own = _own_validation(chosen, splits)
    validation = train if own is None else part(own)
    rows = _rows(chosen, train, test, None if own is None else validation)
    return DataSplits(
        name=Path(chosen.path).name or NAME,
        train=split(train, rows.train),
        validation=split(validation, rows.validation),
        test=split(test, rows.test),
        classes=classes,
        input_scale=1.0 / WHITE,
        workers=chosen.workers,
    )


@dataclass(frozen=True)
class _Part:
    """A split as the data set has it: a datasets.Dataset and its labels."""

    where: str
    table: Any
    labels: NDArray[np.int64]


def _existing(options: HuggingFaceOptions) -> Path:
    folder = folder_of(options)
    if not folder.is_dir():
        raise DataError(
            f"data set '{options.path}': no such folder, and not yet downloaded to {folder}. Run "
            "again with --download, or name a folder in data.path."
        )
    return folder


def _split(options: HuggingFaceOptions, splits: "Splits", name: str) -> tuple[str, Any]:
    where = f"data set '{options.path}', split '{name}'"
    if name not in splits:
        raise DataError(
            f"{where}: not among {', '.join(map(repr, splits))}. Name splits in data.train, "
            "data.test and data.validation."
        )
    if not len(splits[name]):
        raise DataError(f"{where}: holds no rows. Name another split.")
    return where, splits[name]


def _own_validation(options: HuggingFaceOptions, splits: "Splits") -> str | None:
    if options.validation is not None:
        return options.validation
    taken = {options.train, options.test}
    if options.validation_samples is not None or OWN_VALIDATION in taken:
        return None
    return OWN_VALIDATION if OWN_VALIDATION in splits else None


def _rows(
    options: HuggingFaceOptions, train: _Part, test: _Part, validation: _Part | None
) -> SplitRows:
    if validation is None:
        held = options.validation_samples or default_validation_samples(train.labels)
        return split_rows(NAME, train.labels, test.labels, options, held)

    def drawn(labels: NDArray[np.int64], samples: int | None, option: str) -> Indices:
        if samples is None:
            return np.arange(len(labels))
        return draw(labels, samples, options.split_seed, f"data set '{NAME}', {option}")

    return SplitRows(
        drawn(train.labels, options.train_samples, "train_samples"),
        np.arange(len(validation.labels)),
        drawn(test.labels, options.test_samples, "test_samples"),
    )


def download(options: DatasetOptions, meter: Meter) -> str:
    """Fetches a data set of the Hub, unless the path is a folder or it was fetched before.

    Raises:
        ConfigError: the Hub's own client can't be imported.
        DataError: the Hub can't be reached, has no such data set, or files of it arrive damaged.
        FileError: the folder can't be written to, or no space is left.
    """
    # The Hub's own client shows its own bars.
    del meter
    chosen = cast(HuggingFaceOptions, options)
    folder = folder_of(chosen)
    if folder.is_dir():
        return f"already in {folder}"
    require_hub_extra()
    from trainers.data.download.hub import download_data_set

    return download_data_set(chosen.path, chosen.revision, folder)


HUGGINGFACE = Dataset(
    summary="image sets of the Hugging Face Hub, or local ones in its formats, read while training",
    options=HuggingFaceOptions,
    load=load,
    download=download,
)
