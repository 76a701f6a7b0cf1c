"""Along one axis of a convolution: which taps lead from a source position to a block of outputs.

A source position y and an output o are joined by tap k if y = stride o - padding + dilation k.
The taps that join y to a block of outputs are its pattern. Positions with equal patterns share
the stored kernel, whatever their distance: the target indices differ by an offset only.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ConvProjection, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class AxisTaps:
    """Patterns between S source positions and B blocks; a pair that no tap joins has none.

    Args:
        size: S.
        blocks: B.
        patterns: bool [U, taps], the different patterns.
        block: int64 [pairs], block of every joined pair.
        position: int64 [pairs], its source position.
        pattern: int64 [pairs], its pattern.
    """

    size: int
    blocks: int
    patterns: BoolArray
    block: IntArray
    position: IntArray
    pattern: IntArray

    @cached_property
    def taps(self) -> IntArray:
        """[U] how many taps each pattern has."""
        return np.asarray(self.patterns.sum(axis=1, dtype=np.int64))

    @cached_property
    def occurrence(self) -> IntArray:
        """[B, U] source positions of each block with each pattern."""
        return _histogram(self.block, self.pattern, (self.blocks, len(self.patterns)))

    @cached_property
    def at_position(self) -> IntArray:
        """[S, U] blocks that each source position reaches with each pattern."""
        return _histogram(self.position, self.pattern, (self.size, len(self.patterns)))

    @cached_property
    def positions(self) -> IntArray:
        """[B] source positions that reach each block."""
        return np.bincount(self.block, minlength=self.blocks).astype(np.int64)

    @cached_property
    def reached(self) -> IntArray:
        """[S] blocks that each source position reaches."""
        return np.bincount(self.position, minlength=self.size).astype(np.int64)

    @property
    def pattern_at(self) -> IntArray:
        """[S, B] pattern of each pair, -1 where there is none."""
        found = np.full((self.size, self.blocks), -1, dtype=np.int64)
        found[self.position, self.block] = self.pattern
        return found


def axis_taps(projection: ConvProjection, axis: int, size: int, cuts: tuple[int, ...]) -> AxisTaps:
    """Taps along rows (axis 0) or columns (axis 1).

    Args:
        projection: the convolution.
        axis: 0 or 1.
        size: source positions along the axis.
        cuts: bounds of the blocks of outputs along it.
    """
    taps = projection.weight.shape[axis + 2]
    output, tap = (index.ravel() for index in np.indices((cuts[-1], taps)))
    position = (
        output * projection.stride[axis]
        - projection.padding[axis]
        + tap * projection.dilation[axis]
    )
    inside = (position >= 0) & (position < size)
    output, tap, position = output[inside], tap[inside], position[inside]
    block = np.searchsorted(cuts, output, side="right") - 1
    pairs, pair = np.unique(block * size + position, return_inverse=True)
    joined = np.zeros((len(pairs), taps), dtype=bool)
    joined[pair, tap] = True
    patterns, pattern = _distinct(joined)
    return AxisTaps(size, len(cuts) - 1, patterns, pairs // size, pairs % size, pattern)


def _distinct(rows: BoolArray) -> tuple[BoolArray, IntArray]:
    """Different rows, and which of them each row is."""
    if len(rows) == 0:
        return rows, np.zeros(0, dtype=np.int64)
    packed = np.packbits(rows, axis=1)
    # One opaque value per row sorts many times faster than np.unique along an axis.
    values = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, which = np.unique(values, return_index=True, return_inverse=True)
    return rows[first], np.asarray(which, dtype=np.int64)


def _histogram(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> IntArray:
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return flat.astype(np.int64).reshape(shape)
