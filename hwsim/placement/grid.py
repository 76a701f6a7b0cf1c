"""How a population is cut into one block of neurons per core."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Self

import numpy as np

from export.chip.graph import IntArray

Block = tuple[slice, ...]
"""Neurons of one core: a range along every axis of the population's shape."""


@dataclass(frozen=True)
class Grid:
    """Cuts across each axis of a shape, so that every block is a box.

    Args:
        shape: of the population, (C, H, W) or (N,).
        cuts: per axis the bounds of its parts, from 0 to the axis's size, each part at least 1.
    """

    shape: tuple[int, ...]
    cuts: tuple[tuple[int, ...], ...]

    @classmethod
    def even(cls, shape: tuple[int, ...], parts: tuple[int, ...]) -> Self:
        """Parts of nearly equal size along each axis, larger ones first."""
        return cls(shape, tuple(_even(size, n) for size, n in zip(shape, parts, strict=True)))

    @property
    def parts(self) -> tuple[int, ...]:
        """Parts along each axis."""
        return tuple(len(cut) - 1 for cut in self.cuts)

    @property
    def cores(self) -> int:
        """Blocks, of which each takes a core."""
        return int(np.prod(self.parts))

    def blocks(self) -> Iterator[Block]:
        """The blocks in order of their cores: the last axis runs fastest."""
        yield from product(*([slice(*bounds) for bounds in pairwise(cut)] for cut in self.cuts))

    @property
    def neurons(self) -> IntArray:
        """[cores] neurons of each block."""
        sizes = [np.diff(cut) for cut in self.cuts]
        count = np.ones((), dtype=np.int64)
        for size in sizes:
            count = np.multiply.outer(count, size)
        return np.asarray(count, dtype=np.int64).reshape(-1)


def _even(size: int, parts: int) -> tuple[int, ...]:
    larger = size % parts
    sizes = [size // parts + (part < larger) for part in range(parts)]
    return (0, *np.cumsum(sizes).tolist())
