"""Images of an Arrow table as a read-only array: decoded when indexed, never held."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from numpy.typing import NDArray

from trainers.data.arrow_folder import FAULTS, one_line, refuse_damage
from trainers.data.image_file import decode_image
from trainers.data.image_inputs import scaled_images
from trainers.data.stratified import Indices
from trainers.errors import DataError

WHITE = 255.0


@dataclass(frozen=True)
class Crop:
    """How an image becomes a sample.

    Args:
        size: side of the square that is cut out of the centre.
        channels: 3 (colours) or 1 (grey).
        shorter: shorter side before that; None: 256 for every 224 pixels.
    """

    size: int
    channels: int
    shorter: int | None


class ArrowImages:
    """Inputs x / 255 in [0, 1], float32 [N, channels, size, size]; see `trainers.data.splits`.

    The table's file is mapped into memory, so a copy in another process, forked or pickled, shares
    its pages. A list of rows from any process of a training reads those rows alone.

    Args:
        where: names the data set and the split in messages.
        split: a datasets.Dataset.
        column: of the images.
        rows: which of them, in this order.
        crop: how each becomes a sample.

    Raises:
        DataError: the column is damaged.
    """

    def __init__(self, where: str, split: Any, column: str, rows: Indices, crop: Crop) -> None:
        self._where = where
        self._column = column
        self._rows = rows
        self._crop = crop
        self._split = _undecoded(where, split, column)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, channels, size, size]."""
        return (len(self._rows), self._crop.channels, self._crop.size, self._crop.size)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | list[int] | NDArray[np.intp], /) -> NDArray[np.float32]:
        """Reads these images.

        Raises:
            DataError: one is missing, damaged or too large.
        """
        chosen = self._rows[rows]
        pixels = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for place, (row, cell) in enumerate(zip(chosen, self._cells(chosen), strict=True)):
            pixels[place] = self._decoded(int(row), cell)
        return scaled_images(pixels, WHITE)

    def _cells(self, rows: Indices) -> list[Any]:
        if not len(rows):
            return []
        try:
            return list(self._split[rows.tolist()][self._column])
        except FAULTS as error:
            raise DataError(f"{self._where}: can't be read ({one_line(error)}).") from error

    def _decoded(self, row: int, cell: Any) -> NDArray[np.uint8]:
        where = f"{self._where}, row {row:,}"
        held = cell.get("bytes") if isinstance(cell, dict) else cell
        path = cell.get("path") if isinstance(cell, dict) else None
        if held is None and path is not None and Path(path).is_file():
            held, where = Path(path), f"{where} ({path})"
        if held is None:
            raise DataError(f"{where}: holds no image. Choose a split without gaps.")
        crop = self._crop
        return decode_image(held, where, crop.size, crop.channels, crop.shorter)


def _undecoded(where: str, split: Any, column: str) -> Any:
    try:
        alone = split.select_columns([column])
        if isinstance(split.features[column], datasets.Image):
            alone = alone.cast_column(column, datasets.Image(decode=False))
    except FAULTS as error:
        raise DataError(f"{where}: '{column}' can't be read ({one_line(error)}).") from error
    refuse_damage(where, alone.data.table)
    return alone
