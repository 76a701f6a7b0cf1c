"""Which columns of a table are images and labels, and the labels themselves."""

from typing import Any

import datasets
import numpy as np
import pyarrow
from numpy.typing import NDArray

from trainers.data.arrow_folder import FAULTS, one_line, refuse_damage
from trainers.errors import DataError

LABEL = "label"
"""Name of the label column where several, or none, say that they hold classes."""


def image_column(where: str, split: Any, wanted: str | None) -> str:
    """Name of the column of images.

    Args:
        where: names the data set and the split in messages.
        split: a datasets.Dataset.
        wanted: by option; None: the only column of images.

    Raises:
        DataError: it isn't there, holds no images, or there isn't exactly one.
    """
    images = [name for name, kind in split.features.items() if isinstance(kind, datasets.Image)]
    if wanted is None:
        if len(images) == 1:
            return str(images[0])
        found = f"{len(images)} columns of images" if images else "no column of images"
        raise DataError(f"{where}: {found} among {_listed(split)}. Name it in data.image_column.")
    kind = _feature(where, split, wanted, "image_column")
    if wanted not in images and not _holds_bytes(kind):
        raise DataError(
            f"{where}: the column '{wanted}' holds {_kind(kind)}, no images. Name another in "
            f"data.image_column: {_listed(split)}."
        )
    return wanted


def label_column(where: str, split: Any, wanted: str | None) -> str:
    """Name of the column of labels.

    Args:
        where: names the data set and the split in messages.
        split: a datasets.Dataset.
        wanted: by option; None: the only column of class labels, else one called `label`.

    Raises:
        DataError: it isn't there, or there isn't exactly one.
    """
    if wanted is not None:
        _feature(where, split, wanted, "label_column")
        return wanted
    kinds = split.features.items()
    labels = [str(name) for name, kind in kinds if isinstance(kind, datasets.ClassLabel)]
    if len(labels) == 1:
        return labels[0]
    if LABEL in split.features:
        return LABEL
    found = f"{len(labels)} columns of class labels" if labels else "no column of class labels"
    raise DataError(f"{where}: {found} among {_listed(split)}. Name it in data.label_column.")


def class_names(where: str, split: Any, column: str) -> tuple[str, ...]:
    """What the training labels mean: the column's own names, else the values that occur, sorted.

    Raises:
        DataError: the labels can't be classes, or a name can't be printed.
    """
    kind = split.features[column]
    names = kind.names if isinstance(kind, datasets.ClassLabel) else None
    if names is None:
        names = [str(value) for value in np.unique(_values(where, split, column))]
    strange = [name for name in names if not str(name).isprintable() or not str(name)]
    if strange:
        raise DataError(f"{where}: the class name {strange[0]!a} can't be printed. Rename it.")
    return tuple(str(name) for name in names)


def label_positions(
    where: str, split: Any, column: str, classes: tuple[str, ...]
) -> NDArray[np.int64]:
    """Labels as positions in `classes`.

    Raises:
        DataError: a label is missing or none of the classes, or the split names its classes
            otherwise.
    """
    values = _values(where, split, column)
    kind = split.features[column]
    if isinstance(kind, datasets.ClassLabel):
        if tuple(kind.names) != classes:
            raise DataError(
                f"{where}: its column '{column}' names other classes than the training split's. "
                "Every split needs the same names in the same order."
            )
        positions = values.astype(np.int64)
        outside = (positions < 0) | (positions >= len(classes))
    else:
        found, where_found = np.unique(values, return_inverse=True)
        places = {name: place for place, name in enumerate(classes)}
        mapped = np.array([places.get(str(value), -1) for value in found], np.int64)
        positions = mapped[where_found]
        outside = positions < 0
    if outside.any():
        row = int(outside.argmax())
        raise DataError(
            f"{where}: label {values[row]!s} in row {row:,} is none of the {len(classes)} classes. "
            "Choose a split whose rows are labelled."
        )
    return positions


def _values(where: str, split: Any, column: str) -> NDArray[Any]:
    try:
        table = split.select_columns([column]).with_format("arrow")[:]
        refuse_damage(where, table)
        values = table.column(column)
        kind = values.type
    except FAULTS as error:
        raise DataError(f"{where}: '{column}' can't be read ({one_line(error)}).") from error
    types = pyarrow.types
    if not (types.is_integer(kind) or types.is_boolean(kind) or types.is_string(kind)):
        raise DataError(
            f"{where}: the column '{column}' holds {kind}, expected whole numbers or names of "
            f"classes. Name another in data.label_column: {_listed(split)}."
        )
    if values.null_count:
        raise DataError(
            f"{where}: {values.null_count:,} rows of '{column}' are empty. Every row needs a label."
        )
    found: NDArray[Any] = values.to_numpy()
    return found


def _feature(where: str, split: Any, wanted: str, option: str) -> Any:
    if wanted not in split.features:
        raise DataError(
            f"{where}: no column '{wanted}'. Name one of {_listed(split)} in data.{option}."
        )
    return split.features[wanted]


def _holds_bytes(kind: Any) -> bool:
    """Images that a table written without `datasets` keeps as plain bytes, alone or with a path."""
    if isinstance(kind, dict):
        return _holds_bytes(kind.get("bytes"))
    return getattr(kind, "dtype", None) in ("binary", "large_binary")


def _listed(split: Any) -> str:
    return ", ".join(f"'{name}' ({_kind(kind)})" for name, kind in list(split.features.items())[:8])


def _kind(kind: Any) -> str:
    return str(kind.dtype if isinstance(kind, datasets.Value) else type(kind).__name__)
