"""Synaptic sums of a whole batch over all steps at once, as exact matrix products.

A convolution is one product too: its input patches become the columns of a matrix. Lava wraps
the sums of a convolution to signed 24 bits, those of a dense layer to 32.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from export.chip.check_graph import label
from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection
from export.chip.limits import STATE_LIMIT
from hwsim.engine.exact_product import exact_dtype, refuse_inexact, refuse_overflow

CHUNK_BYTES = 2 << 20
"""Operand of one product: it should stay in a core's cache."""


@dataclass(frozen=True)
class Patches:
    """How a convolution's input patches are cut from (C, H, W) maps."""

    source_shape: tuple[int, ...]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Synapses:
    """Synapses of one projection that share a delay.

    Args:
        where: names the projection in messages.
        delay: steps beyond the one every synapse takes.
        weight: [groups, targets or output channels per group, K], exact in its float type.
        fan_out: synapses per source neuron, [sources], exact in its float type.
        patches: of a convolution; None for a dense matrix.
        wraps: sums may leave 24 bits, where Lava's convolution wraps.
    """

    where: str
    delay: int
    weight: Tensor
    fan_out: Tensor
    patches: Patches | None = None
    wraps: bool = False

    def sums(self, events: Tensor) -> Tensor:
        """Synaptic sums a, int32 [M, targets], of M steps' events [M, sources] (payload or 0)."""
        return torch.cat([self._product(part) for part in events.split(self._rows_per_chunk())])

    def operations(self, events: Tensor) -> Tensor:
        """Synaptic operations, int64 [M]: synapses that the events of each step reach."""
        parts = events.split(self._rows_per_chunk())
        hits = [(part != 0).to(self.fan_out.dtype) @ self.fan_out for part in parts]
        return torch.cat(hits).to(torch.int64)

    def prove(self, events: Tensor) -> None:
        """Recomputes the busiest of M steps in 64-bit integers and compares.

        Raises:
            SimulationError: the device's product isn't exact.
        """
        part = events[: self._rows_per_chunk()]
        row = int(torch.count_nonzero(part, dim=1).argmax())
        integers = replace(self, weight=self.weight.to("cpu", torch.int64))
        expected = integers._product(part[row : row + 1].cpu())
        refuse_inexact(self._product(part)[row : row + 1], expected, self.where)

    def _rows_per_chunk(self) -> int:
        elements = self.weight.shape[0] * self.weight.shape[2]
        if self.patches is not None:
            elements *= _positions(self.patches)
        return max(1, CHUNK_BYTES // (elements * self.weight.element_size()))

    def _product(self, events: Tensor) -> Tensor:
        operand = events.to(self.weight.dtype)
        if self.patches is None:
            return (operand @ self.weight[0].T).to(torch.int32)
        columns = _columns(operand, self.patches, groups=self.weight.shape[0])
        product = (self.weight @ columns).reshape(-1, len(events), _positions(self.patches))
        sums = product.transpose(0, 1).reshape(len(events), -1).to(torch.int32)
        # Shifting the sign bit up and down again keeps the low 24 bits, as Lava's modulo does.
        return (sums << 8) >> 8 if self.wraps else sums


def synapses_of(
    graph: ChipGraph, projection: Projection, payload_max: int, device: str
) -> tuple[Synapses, ...]:
    """A projection ready to run, one entry per delay.

    Args:
        graph: where it lies.
        projection: its integers.
        payload_max: largest |payload| its source sends; 1 for binary spikes.
        device: where the products run.

    Raises:
        SimulationError: a sum could leave 32 bits.
    """
    where = f"chip graph, {label(projection)}"
    reach = fan_out(graph, projection)
    if isinstance(projection, ConvProjection):
        patches = _patches(projection, graph.source_shape(projection.source))
        return (_conv_synapses(projection, patches, reach, payload_max, device, where),)
    if projection.delay is None:
        return (_dense_synapses(projection.weight, 0, reach, payload_max, device, where),)
    return tuple(
        _dense_synapses(
            np.where(projection.delay == delay, projection.weight, 0),
            int(delay),
            np.count_nonzero(projection.delay == delay, axis=0).astype(np.int64),
            payload_max,
            device,
            where,
        )
        for delay in np.unique(projection.delay)
    )


def _dense_synapses(
    weight: IntArray, delay: int, reach: IntArray, payload_max: int, device: str, where: str
) -> Synapses:
    bound = _bound(weight, payload_max)
    refuse_overflow(bound, where)
    matrix = _tensor(weight[None], exact_dtype(bound), device)
    return Synapses(where, delay, matrix, _exact_fan_out(reach, device))


def _conv_synapses(
    projection: ConvProjection,
    patches: Patches,
    reach: IntArray,
    payload_max: int,
    device: str,
    where: str,
) -> Synapses:
    outputs, groups = projection.weight.shape[0], projection.groups
    bound = _bound(projection.weight.reshape(outputs, -1), payload_max)
    refuse_overflow(bound, where)
    kernels = projection.weight.reshape(groups, outputs // groups, -1)
    return Synapses(
        where,
        0,
        _tensor(kernels, exact_dtype(bound), device),
        _exact_fan_out(reach, device),
        patches,
        wraps=bound >= STATE_LIMIT,
    )


def _patches(projection: ConvProjection, source_shape: tuple[int, ...]) -> Patches:
    _, _, rows, columns = projection.weight.shape
    return Patches(
        source_shape,
        (rows, columns),
        projection.stride,
        projection.padding,
        projection.dilation,
    )


def _bound(weight: IntArray, payload_max: int) -> int:
    return int(np.abs(weight).sum(axis=1).max()) * payload_max


def _exact_fan_out(reach: IntArray, device: str) -> Tensor:
    return _tensor(reach, exact_dtype(int(reach.sum())), device)


def _tensor(values: IntArray, dtype: torch.dtype, device: str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(device, dtype)


def _columns(events: Tensor, patches: Patches, groups: int) -> Tensor:
    """Input patches as columns: [groups, K, M * positions] of events [M, C * H * W]."""
    (rows, columns), (down, right) = patches.padding, patches.dilation
    maps = events.reshape(-1, *patches.source_shape).transpose(0, 1)
    maps = F.pad(maps, (columns, columns, rows, rows))
    tall, wide = _span(patches, 0), _span(patches, 1)
    windows = maps.unfold(2, tall, patches.stride[0]).unfold(3, wide, patches.stride[1])
    windows = windows[..., ::down, ::right]
    positions = windows.shape[1] * windows.shape[2] * windows.shape[3]
    return windows.permute(0, 4, 5, 1, 2, 3).reshape(groups, -1, positions)


def _span(patches: Patches, axis: int) -> int:
    return (patches.kernel[axis] - 1) * patches.dilation[axis] + 1


def _positions(patches: Patches) -> int:
    rows, columns = (
        (patches.source_shape[1 + axis] + 2 * patches.padding[axis] - _span(patches, axis))
        // patches.stride[axis]
        + 1
        for axis in (0, 1)
    )
    return rows * columns
