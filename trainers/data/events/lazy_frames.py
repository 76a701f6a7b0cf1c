"""Kept frames as a read-only array: read when indexed, never held."""

import numpy as np
from numpy.typing import NDArray

from trainers.data.events.frame_cache import FrameCache
from trainers.data.stratified import Indices


class LazyFrames:
    """Event counts, float32 [N, T, ...]; see `trainers.data.splits`.

    Args:
        cache: where the frames are kept.
        rows: which of them, in this order.
    """

    def __init__(self, cache: FrameCache, rows: Indices) -> None:
        self._cache = cache
        self._rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, T, ...]."""
        return (len(self._rows), *self._cache.sample_shape)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | list[int] | NDArray[np.intp], /) -> NDArray[np.float32]:
        """Reads the frames of these samples.

        Raises:
            DataError: the kept frames are gone or damaged.
        """
        return self._cache.rows(self._rows[rows]).astype(np.float32)
