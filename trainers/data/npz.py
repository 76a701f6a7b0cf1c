"""Any data set, event frames included, as one .npz file of plain arrays (see numpy.savez).

| array | dtype, shape | meaning |
|---|---|---|
| train_inputs, test_inputs | float or uint8; [N, F] or [N, C, H, W], sequences [N, T, ...] | |
| train_labels, test_labels | integers [N] | from 0 |
| validation_inputs, validation_labels | alike | optional; else a share of the training samples |
| classes | text [classes] | optional names; else "0", "1", ... up to the largest training label |
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.npz_layout import CLASSES_MAX, PARTS, Form, refuse_layout
from trainers.data.splits import DataSplits, Split
from trainers.data.stratified import hold_out
from trainers.errors import DataError
from trainers.npz_file import npz_shapes, read_npz

WHITE = 255.0
VALIDATION_FRACTION = 0.1


class NpzOptions(DatasetOptions):
    """Options of `npz`.

    Args:
        path: the file, relative to where the command runs.
        form: `static` samples, or `sequence`s with a time axis after the sample axis.
        scale: factor on the inputs; None: 1/255 for uint8 and 1 for floats. Event counts kept as
            uint8 want 1.
        validation_fraction: share of the training samples to hold out, stratified; None: 0.1 where
            the file has no validation arrays of its own.
        split_seed: of that choice.
    """

    path: Path
    form: Form = "static"
    scale: float | None = Field(default=None, gt=0)
    validation_fraction: float | None = Field(default=None, gt=0, lt=1)
    split_seed: int = Field(default=20260101, ge=0, lt=2**32)


def load(options: DatasetOptions) -> DataSplits:
    """Reads the file, and holds validation samples out of the training ones if it has none.

    Raises:
        FileError: the file is missing, damaged or too large.
        DataError: an array is missing, unknown, or of the wrong dtype, shape or length, a value
            isn't finite, or a label lies outside the classes.
    """
    chosen = cast(NpzOptions, options)
    path = chosen.path
    headers = npz_shapes(path)
    refuse_layout(path, headers, chosen.form)
    arrays = read_npz(path, tuple(headers))
    splits = {
        part: Split(
            _scaled(arrays.pop(f"{part}_inputs"), chosen.scale),
            _labels(path, f"{part}_labels", arrays[f"{part}_labels"]),
        )
        for part in PARTS
        if f"{part}_inputs" in arrays
    }
    if "validation" in splits and chosen.validation_fraction is not None:
        raise DataError(
            f"{path}: has validation arrays of its own, but validation_fraction is "
            f"{chosen.validation_fraction}. Remove data.validation_fraction."
        )
    if "validation" not in splits:
        splits |= _held_out(path, splits["train"], chosen)
    return DataSplits(
        name=path.stem,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        classes=_classes(arrays.get("classes"), splits["train"].labels),
        input_scale=_scale(headers["train_inputs"][1], chosen.scale),
        form=chosen.form,
    )


def _scale(dtype: np.dtype[Any], scale: float | None) -> float:
    if scale is not None:
        return scale
    return 1.0 / WHITE if dtype == np.uint8 else 1.0


def _scaled(values: NDArray[Any], scale: float | None) -> NDArray[np.float32]:
    # What float32 can't hold becomes infinite and is refused with its split's name.
    with np.errstate(over="ignore", invalid="ignore"):
        inputs: NDArray[np.float32] = values.astype(np.float32)
        if scale is not None:
            inputs *= np.float32(scale)
        elif values.dtype == np.uint8:
            inputs /= np.float32(WHITE)
    return inputs


def _labels(path: Path, name: str, labels: NDArray[Any]) -> NDArray[np.int64]:
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= CLASSES_MAX:
        raise DataError(
            f"{path}: labels in '{name}' run from {lowest} to {highest}, expected 0 to at most "
            f"{CLASSES_MAX - 1}. Number the classes from 0."
        )
    return labels.astype(np.int64)


def _held_out(path: Path, train: Split, options: NpzOptions) -> dict[str, Split]:
    share = options.validation_fraction or VALIDATION_FRACTION
    stays, held = hold_out(
        train.labels,
        round(share * len(train)),
        options.split_seed,
        f"{path}: validation_fraction {share}",
    )
    return {
        "train": Split(train.inputs[stays], train.labels[stays]),
        "validation": Split(train.inputs[held], train.labels[held]),
    }


def _classes(names: NDArray[Any] | None, labels: NDArray[np.int64]) -> tuple[str, ...]:
    if names is not None:
        return tuple(str(name) for name in names)
    return tuple(str(label) for label in range(int(labels.max()) + 1))


NPZ = Dataset(
    summary="your own arrays in one .npz file: images, features or sequences of event frames",
    options=NpzOptions,
    load=load,
)
