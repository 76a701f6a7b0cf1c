"""From labelled time series with an official test file to three splits of equal length.

Each channel is standardised with the mean and the standard deviation of the training split alone,
over the steps that are really there. Then zeros, the channel's mean, fill what a sequence lacks to
T steps: at the front, so that every sequence ends at the last step, or at the back, so that every
sequence starts at the first.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data.dataset import DatasetOptions
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import Indices, hold_out
from trainers.data.ts_cases import Cases, Sequence
from trainers.errors import DataError

MAX_BYTES = 1 << 34
"""Padded sequences that together take more than 16 GiB are refused."""

Moments = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Mean and standard deviation of each channel."""


class SeriesOptions(DatasetOptions):
    """How time series become splits.

    Args:
        steps: T, to which shorter sequences are padded; None: the longest of both files.
        padding: where zeros go, to the `front` or the `back`.
        standardize: brings each channel to mean 0 and standard deviation 1 over the training
            split.
        validation_fraction: share of the training cases held out for validation, stratified.
        split_seed: of that choice.
    """

    steps: int | None = Field(default=None, ge=1, le=4096)
    padding: Literal["front", "back"] = "front"
    standardize: bool = True
    validation_fraction: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=20260101, ge=0, lt=2**32)


def split_series(name: str, train: Cases, test: Cases, options: SeriesOptions) -> DataSplits:
    """Holds validation cases out, standardises and pads; inputs [N, T, C].

    Raises:
        DataError: the files differ in classes or channels, a sequence is longer than `steps`, the
            padded sequences take too much memory, a channel is constant, or a class would be left
            without a training case.
    """
    steps = _steps(name, train, test, options.steps)
    stays, held = hold_out(
        train.labels,
        round(options.validation_fraction * len(train.labels)),
        options.split_seed,
        f"data set '{name}': validation_fraction {options.validation_fraction}",
    )
    moments = _moments(name, [train.sequences[row] for row in stays], options.standardize)

    def split(cases: Cases, rows: Indices) -> Split:
        chosen = [cases.sequences[row] for row in rows]
        return Split(_padded(chosen, steps, options.padding, moments), cases.labels[rows])

    return DataSplits(
        name=name,
        train=split(train, stays),
        validation=split(train, held),
        test=split(test, np.arange(len(test.labels))),
        classes=train.classes,
        form="sequence",
    )


def _steps(name: str, train: Cases, test: Cases, asked: int | None) -> int:
    if (train.classes, train.channels) != (test.classes, test.channels):
        raise DataError(
            f"data set '{name}': the training file has {train.channels} channels and "
            f"{len(train.classes)} classes, the test file {test.channels} and "
            f"{len(test.classes)}; they must be the same, class names in the same order. Check "
            "that both files belong to one data set."
        )
    longest = max(train.longest, test.longest)
    steps = longest if asked is None else asked
    if longest > steps:
        raise DataError(
            f"data set '{name}': a sequence has {longest} steps, more than data.steps {steps}. "
            f"Set it to at least {longest}."
        )
    size = 4 * (len(train.labels) + len(test.labels)) * steps * train.channels
    if size > MAX_BYTES:
        raise DataError(
            f"data set '{name}': padded to {steps} steps its inputs take {size:,} bytes, more "
            f"than {MAX_BYTES:,}. Split long sequences up."
        )
    return steps


def _moments(name: str, sequences: list[Sequence], standardize: bool) -> Moments:
    channels = sequences[0].shape[1]
    if not standardize:
        return np.zeros(channels), np.ones(channels)
    values = np.concatenate(sequences).astype(np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    constant = np.flatnonzero(values.min(axis=0) == values.max(axis=0))
    if len(constant):
        raise DataError(
            f"data set '{name}': channel {constant[0]} has the value {values[0, constant[0]]:g} in "
            "all training cases and can't be standardised. Set data.standardize to false, or "
            "leave the channel out."
        )
    return mean, deviation


def _padded(
    sequences: list[Sequence], steps: int, padding: Literal["front", "back"], moments: Moments
) -> NDArray[np.float32]:
    mean, deviation = moments
    inputs = np.zeros((len(sequences), steps, len(mean)), np.float32)
    for row, sequence in zip(inputs, sequences, strict=True):
        first = steps - len(sequence) if padding == "front" else 0
        row[first : first + len(sequence)] = (sequence - mean) / deviation
    return inputs
