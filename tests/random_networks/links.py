"""Projections as full matrices, one for each lag, and the sums that arrive through them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection

LIMIT = 1 << 23


@dataclass(frozen=True)
class Link:
    """A projection as matrices, one per lag: exact in float64.

    Args:
        source: its source.
        parts: (lag in steps, [sources, targets]).
        wraps: its sums wrap at 24 bits, as a convolution's do.
    """

    source: str
    parts: tuple[tuple[int, NDArray[np.float64]], ...]
    wraps: bool

    def sums(self, sent: IntArray) -> tuple[IntArray, int]:
        """What arrives at each step, [N, S, targets], and how many sums wrapped."""
        samples, steps, _ = sent.shape
        total = np.zeros((samples, steps, self.parts[0][1].shape[1]), dtype=np.int64)
        for lag, matrix in self.parts:
            if lag < steps:
                total[:, lag:] += (sent[:, : steps - lag] @ matrix).astype(np.int64)
        return self._wrapped(total)

    def sums_at(self, sent: IntArray, step: int) -> tuple[IntArray, int]:
        """What arrives at one step, [N, targets]."""
        total = np.zeros((len(sent), self.parts[0][1].shape[1]), dtype=np.int64)
        for lag, matrix in self.parts:
            if lag <= step:
                total += (sent[:, step - lag] @ matrix).astype(np.int64)
        return self._wrapped(total)

    def _wrapped(self, total: IntArray) -> tuple[IntArray, int]:
        if not self.wraps:
            return total, 0
        wrapped = (total + LIMIT) % (2 * LIMIT) - LIMIT
        return wrapped, int(np.count_nonzero(wrapped != total))


def matrix_of(graph: ChipGraph, projection: Projection) -> tuple[IntArray, IntArray]:
    """Weights and delays as full matrices [targets, sources]."""
    if not isinstance(projection, ConvProjection):
        none = np.zeros_like(projection.weight)
        return projection.weight, none if projection.delay is None else projection.delay
    source = graph.source_shape(projection.source)
    target = graph.population(projection.target).shape
    matrix = np.zeros((*target, *source), dtype=np.int64)
    per_group = target[0] // projection.groups
    for o, k, ky, kx in np.ndindex(projection.weight.shape):
        channel = (o // per_group) * projection.weight.shape[1] + k
        rows = list(_reached(projection, 0, ky, target[1], source[1]))
        columns = list(_reached(projection, 1, kx, target[2], source[2]))
        for y, row in rows:
            for x, column in columns:
                matrix[o, y, x, channel, row, column] += projection.weight[o, k, ky, kx]
    flat = matrix.reshape(int(np.prod(target)), int(np.prod(source)))
    return flat, np.full_like(flat, projection.delay)


def _reached(
    projection: ConvProjection, axis: int, tap: int, targets: int, sources: int
) -> Iterable[tuple[int, int]]:
    """Along one axis, which target a kernel's tap joins with which source."""
    for at in range(targets):
        reached = at * projection.stride[axis] - projection.padding[axis]
        reached += tap * projection.dilation[axis]
        if 0 <= reached < sources:
            yield at, reached
