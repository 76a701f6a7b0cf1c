"""From kept frames to three splits."""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.event_options import FrameOptions, HeldOutOptions
from trainers.data.events.frame_cache import FrameCache
from trainers.data.events.lazy_frames import LazyFrames
from trainers.data.image_splits import SplitRows, split_rows
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import Indices, draw, hold_out

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1


class PoolOptions(HeldOutOptions):
    """Options of sets without an official test set.

    Args:
        split: which tenth of each class is tested. `random` draws it by `split_seed`; `ordered`
            takes the last names of each class, as the loaders of MSG's authors do. Results of the
            two can't be compared.
    """

    split: Literal["random", "ordered"] = "random"


@dataclass(frozen=True)
class LabelledFrames:
    """Kept frames and their labels, int64 [N]."""

    frames: FrameCache
    labels: NDArray[np.int64]


def frame_splits(
    name: str,
    train: LabelledFrames,
    validation: LabelledFrames,
    test: LabelledFrames,
    rows: SplitRows,
    classes: tuple[str, ...],
    workers: int,
) -> DataSplits:
    """Splits that read their frames when a batch needs them.

    Args:
        name: for reports.
        train: where training samples come from.
        validation: where validation samples come from; may be the same.
        test: where test samples come from; may be the same.
        rows: which samples of each.
        classes: class names, in label order.
        workers: processes that read ahead.

    Raises:
        DataError: as of `DataSplits`.
    """

    def split(source: LabelledFrames, chosen: Indices) -> Split:
        return Split(LazyFrames(source.frames, chosen), source.labels[chosen])

    return DataSplits(
        name=name,
        train=split(train, rows.train),
        validation=split(validation, rows.validation),
        test=split(test, rows.test),
        classes=classes,
        form="sequence",
        workers=workers,
    )


def official_rows(
    name: str, train: NDArray[np.int64], test: NDArray[np.int64], options: HeldOutOptions
) -> SplitRows:
    """Rows of a set with an official test set; validation samples come out of the training set.

    Raises:
        DataError: the splits ask for more samples than there are, or a class would be left without
            a training sample.
    """
    return split_rows(name, train, test, options, _validation_samples(train, options))


def pool_rows(name: str, labels: NDArray[np.int64], options: PoolOptions) -> SplitRows:
    """Rows of a set without one: a tenth of each class is tested, a tenth of the rest validates.

    Raises:
        DataError: as of `official_rows`.
    """
    if options.split == "ordered":
        stays, tested = _ordered(labels)
    else:
        samples = max(len(np.unique(labels)), round(TEST_SHARE * len(labels)))
        stays, tested = hold_out(
            labels, samples, options.split_seed, f"data set '{name}', test split"
        )
    rows = official_rows(name, labels[stays], labels[tested], options)
    return SplitRows(stays[rows.train], stays[rows.validation], tested[rows.test])


def subset_rows(name: str, part: str, labels: NDArray[np.int64], options: FrameOptions) -> Indices:
    """All rows of a part (`train` or `test`), or the subset that its option asks for.

    Raises:
        DataError: it asks for more samples than there are.
    """
    option = f"{part}_samples"
    samples: int | None = getattr(options, option)
    if samples is None:
        return np.arange(len(labels))
    return draw(labels, samples, options.split_seed, f"data set '{name}', {option}")


def _ordered(labels: NDArray[np.int64]) -> tuple[Indices, Indices]:
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    cuts = [ceil((1 - TEST_SHARE) * len(members)) for members in places]
    parted = list(zip(places, cuts, strict=True))
    stays = np.concatenate([members[:cut] for members, cut in parted])
    return np.sort(stays), np.sort(np.concatenate([members[cut:] for members, cut in parted]))


def _validation_samples(train: NDArray[np.int64], options: HeldOutOptions) -> int:
    if options.validation_samples is not None:
        return options.validation_samples
    return max(len(np.unique(train)), round(VALIDATION_SHARE * len(train)))
