"""Small image sets as `datasets` itself writes them."""

from pathlib import Path
from typing import Any

import datasets

from tests.image_folders import CLASSES, picture, png_bytes

SIZES = {"train": 60, "test": 18}
"""Rows of each split, a third of each class."""


def png(label: int, number: int) -> bytes:
    """The picture of this class and number as a PNG."""
    return png_bytes(picture(label, number))


def table(rows: int, first: int = 0, **columns: Any) -> Any:
    """A datasets.Dataset of PNGs of 16 x 16, classes by turns, and any other columns.

    Args:
        rows: how many.
        first: number of the first picture of each class.
        columns: name to values; None leaves out `image` or `label`.
    """
    labels = [row % len(CLASSES) for row in range(rows)]
    numbers = [first + row // len(CLASSES) for row in range(rows)]
    images = [
        {"bytes": png(label, number), "path": None}
        for label, number in zip(labels, numbers, strict=True)
    ]
    values = {"image": images, "label": labels, **columns}
    made = datasets.Dataset.from_dict(
        {name: column for name, column in values.items() if column is not None}
    )
    kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(CLASSES))}
    for name, kind in kinds.items():
        if name not in columns:
            made = made.cast_column(name, kind)
    return made


def whole_set() -> Any:
    """A datasets.DatasetDict of both splits; no two pictures are equal."""
    return datasets.DatasetDict(
        {"train": table(SIZES["train"]), "test": table(SIZES["test"], first=100)}
    )


def write_parquet(folder: Path, splits: Any = None) -> Path:
    """One Parquet file per split, named as on the Hub."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in (splits or whole_set()).items():
        split.to_parquet(str(folder / f"{name}-00000-of-00001.parquet"))
    return folder


def write_saved(folder: Path, splits: Any = None) -> Path:
    """What `save_to_disk` leaves: Arrow files and JSON."""
    (splits or whole_set()).save_to_disk(str(folder))
    return folder
