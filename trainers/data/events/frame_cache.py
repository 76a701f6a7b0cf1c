"""Kept frames: one .npy file, uint8 [N, bytes of a sample + 4].

A row is a sample's frames and their CRC-32, little-endian. Rows are read through a memory map when
a batch needs them, and each is checked against its sum.
"""

import io
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from trainers.errors import DataError

SUM_BYTES = 4


@dataclass(frozen=True)
class FrameCache:
    """A whole cache file.

    Args:
        path: of the file.
        samples: N.
        sample_shape: of one sample's frames, [T, ...].
    """

    path: Path
    samples: int
    sample_shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        """A sample's frames and their sum."""
        return prod(self.sample_shape) + SUM_BYTES

    @property
    def header(self) -> bytes:
        """What the file begins with."""
        header = io.BytesIO()
        shape = (self.samples, self.row_bytes)
        npy_format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )
        return header.getvalue()

    def is_whole(self) -> bool:
        """Whether the file is there, with the header and the size it must have."""
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                return file.read(len(self.header)) == self.header and size == self.size
        except OSError:
            return False

    @property
    def size(self) -> int:
        """Of the file, in bytes."""
        return len(self.header) + self.samples * self.row_bytes

    def write(self, file: BinaryIO, samples: Iterable[NDArray[np.uint8]]) -> None:
        """Writes all rows, in order."""
        file.write(self.header)
        for frames in samples:
            content = np.ascontiguousarray(frames).reshape(-1)
            file.write(content.tobytes() + _sum(content))

    def rows(self, chosen: NDArray[np.intp]) -> NDArray[np.uint8]:
        """The frames of these samples, [len(chosen), T, ...].

        Raises:
            DataError: the file is gone, or a row doesn't fit its sum.
        """
        if not self.is_whole():
            raise self._damaged("is gone or no longer whole")
        kept = np.memmap(self.path, np.uint8, "r", len(self.header), (self.samples, self.row_bytes))
        frames = np.empty((len(chosen), self.row_bytes - SUM_BYTES), np.uint8)
        for frame, index in zip(frames, chosen, strict=True):
            row = kept[index]
            frame[:] = row[:-SUM_BYTES]
            if _sum(frame) != row[-SUM_BYTES:].tobytes():
                raise self._damaged(f"is damaged at sample {int(index):,}")
        return frames.reshape(-1, *self.sample_shape)

    def _damaged(self, what: str) -> DataError:
        return DataError(f"{self.path}: the frame cache {what}. Delete it; it is built again.")


def _sum(content: NDArray[np.uint8]) -> bytes:
    return zlib.crc32(content.data).to_bytes(SUM_BYTES, "little")
