"""Sums where spikes are rare: each event adds the weights of its synapses, the others cost nothing.

In 32-bit integers, so exact whatever the weights; compiled, and without a lock, so that batches run
on several cores.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from export.chip.graph import IntArray
from hwsim.engine.products.geometry import ConvGeometry

Int32Array = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class RareMatrix:
    """weight: int32 [sources, targets], both in the emulator's order."""

    weight: Int32Array

    @classmethod
    def of(cls, weight: IntArray) -> "RareMatrix":
        """The product with weight [targets, sources]."""
        return cls(np.ascontiguousarray(weight.T, dtype=np.int32))

    def __call__(self, events: Tensor) -> Tensor:
        """Sums, int32 [M, targets]."""
        sums = np.zeros((len(events), self.weight.shape[1]), dtype=np.int32)
        _add_rows(events.numpy(), self.weight, sums)
        return torch.from_numpy(sums)


@dataclass(frozen=True)
class RareConvolution:
    """weight: int32 [groups, I / groups, kH, kW, O / groups]; with columns reversed if `runs`.

    Where a spike's outputs lie side by side (stride and dilation 1 along the rows, one group),
    whole rows of the kernel are added at once.
    """

    geometry: ConvGeometry
    weight: Int32Array
    runs: bool

    @classmethod
    def of(cls, geometry: ConvGeometry, weight: IntArray) -> "RareConvolution":
        """The convolution with weight [O, I / groups, kH, kW]."""
        groups = geometry.groups
        split = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
        ordered = split.transpose(0, 2, 3, 4, 1)
        runs = groups == 1 and geometry.stride[1] == 1 and geometry.dilation[1] == 1
        if runs:
            ordered = ordered[:, :, :, ::-1]
        return cls(geometry, np.ascontiguousarray(ordered, dtype=np.int32), runs)

    def __call__(self, events: Tensor) -> Tensor:
        """Sums, int32 [M, targets], not wrapped to 24 bits."""
        geometry = self.geometry
        sums = np.zeros((len(events), int(np.prod(geometry.target))), dtype=np.int32)
        add = _add_kernel_rows if self.runs else _add_kernels
        add(
            events.numpy(), self.weight, geometry.source, geometry.target, geometry.stride,
            geometry.padding, geometry.dilation, sums,
        )  # fmt: skip
        return torch.from_numpy(sums)


@njit(nogil=True, cache=True)
def _add_rows(events: Any, weight: Any, sums: Any) -> None:
    found = np.empty(events.shape[1], dtype=np.int32)
    for m in range(len(events)):
        for k in range(_find(events[m], found)):
            _add(sums[m], weight[found[k]], np.int32(events[m, found[k]]))


@njit(nogil=True, cache=True)
def _add_kernel_rows(
    events: Any, weight: Any, source: Any, target: Any, stride: Any, padding: Any, dilation: Any,
    sums: Any,
) -> None:  # fmt: skip
    channels, _, columns = source
    outputs, tall, wide = target
    high, kernel = weight.shape[2], weight.shape[3]
    found = np.empty(events.shape[1], dtype=np.int32)
    for m in range(len(events)):
        for k in range(_find(events[m], found)):
            place, c = divmod(found[k], channels)
            y, x = divmod(place, columns)
            first = x + padding[1] - (kernel - 1)
            skipped, taken = max(0, -first), min(kernel, wide - first)
            if taken <= skipped:
                continue
            for tap in range(high):
                row = y + padding[0] - tap * dilation[0]
                if row < 0 or row % stride[0] != 0 or row // stride[0] >= tall:
                    continue
                to = ((row // stride[0]) * wide + first) * outputs
                kept = weight[0, c, tap].reshape(kernel * outputs)
                _add(
                    sums[m, to + skipped * outputs : to + taken * outputs],
                    kept[skipped * outputs : taken * outputs],
                    np.int32(events[m, found[k]]),
                )


@njit(nogil=True, cache=True)
def _add_kernels(
    events: Any, weight: Any, source: Any, target: Any, stride: Any, padding: Any, dilation: Any,
    sums: Any,
) -> None:  # fmt: skip
    channels, _, columns = source
    all_outputs, tall, wide = target
    _, inputs, high, broad, outputs = weight.shape
    found = np.empty(events.shape[1], dtype=np.int32)
    for m in range(len(events)):
        for k in range(_find(events[m], found)):
            place, c = divmod(found[k], channels)
            y, x = divmod(place, columns)
            group, own = divmod(c, inputs)
            for i in range(high):
                row = y + padding[0] - i * dilation[0]
                if row < 0 or row % stride[0] != 0 or row // stride[0] >= tall:
                    continue
                for j in range(broad):
                    column = x + padding[1] - j * dilation[1]
                    if column < 0 or column % stride[1] != 0 or column // stride[1] >= wide:
                        continue
                    position = (row // stride[0]) * wide + column // stride[1]
                    to = position * all_outputs + group * outputs
                    _add(
                        sums[m, to : to + outputs],
                        weight[group, own, i, j],
                        np.int32(events[m, found[k]]),
                    )


@njit(inline="always")
def _find(events: Any, found: Any) -> int:
    """Writes the places of events that aren't 0, and says how many; runs of silence are skipped."""
    count = 0
    for start in range(0, len(events), 32):
        stop = min(start + 32, len(events))
        loud = events[start]
        for i in range(start + 1, stop):
            loud |= events[i]
        if loud != 0:
            for i in range(start, stop):
                found[count] = i
                count += events[i] != 0
    return count


@njit(inline="always")
def _add(sums: Any, weight: Any, payload: Any) -> None:
    for k in range(len(sums)):
        sums[k] = np.int32(sums[k] + np.int32(payload * weight[k]))
