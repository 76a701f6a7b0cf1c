"""Image files as a read-only array: decoded when indexed, never held."""

import numpy as np
from numpy.typing import NDArray

from trainers.data.image_file import read_image
from trainers.data.image_inputs import scaled_images
from trainers.data.image_listing import ImageFiles
from trainers.data.stratified import Indices

WHITE = 255.0


class LazyImages:
    """Inputs x / 255 in [0, 1], float32 [N, channels, size, size]; see `trainers.data.splits`.

    Args:
        files: where the images lie.
        rows: which of them, in this order.
        size: side of the square that is cut out of each.
        channels: 3 (colours) or 1 (grey).
    """

    def __init__(self, files: ImageFiles, rows: Indices, size: int, channels: int) -> None:
        self._files = files
        self._rows = rows
        self._sample_shape = (channels, size, size)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, channels, size, size]."""
        return (len(self._rows), *self._sample_shape)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | list[int] | NDArray[np.intp], /) -> NDArray[np.float32]:
        """Reads these images.

        Raises:
            DataError: a file is missing, damaged or too large.
        """
        chosen = self._rows[rows]
        channels, size, _ = self._sample_shape
        pixels = np.empty((len(chosen), *self._sample_shape), np.uint8)
        for place, index in enumerate(chosen):
            pixels[place] = read_image(self._files.path(int(index)), size, channels)
        return scaled_images(pixels, WHITE)
