"""Input form `bias`: the host computes the first linear operation, and its weights train as floats.

    drive = clip(rint((W x + b) * scale))

The integers come from the float64 of `export.quantizing.encode`; the gradient, straight through
the rounding and 0 where an integer was clipped, from the same operation in float32.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import nir
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.chip.graph import HostEncoder
from export.executor.linear import linear_operation
from export.graph_order import OrderedNode
from export.qat.master import Master
from export.qat.rounding import replaced
from export.qat.signals import Signal, summed
from export.quantizing.segments import Segment
from export.window import Window, conv_window, pool_window


class HostAfference(nn.Module):
    """The first population's drive, from samples.

    Args:
        segment: the first; its nodes may branch and join.
        host: scale and range.
        masters: float weights by node.
        time_steps: T.
    """

    def __init__(
        self,
        segment: Segment,
        host: HostEncoder,
        masters: Mapping[str, Master],
        time_steps: int,
    ) -> None:
        super().__init__()
        self.segment = segment
        self.host = host
        self.time_steps = time_steps
        self.nodes = nn.ModuleList(
            masters[node.name] for node in segment.nodes if node.name in masters
        )

    def forward(self, signals: Mapping[str, Signal]) -> Signal:
        """Drives in mantissas."""
        (source,) = (signals[node.name] for node in self.segment.sources)
        scaled = self._exact(source.values) * self.host.scale
        rounded = scaled.round_()
        integers = rounded.clamp(self.host.lowest, self.host.highest)
        if not torch.is_grad_enabled():
            return Signal(integers.float(), source.constant)
        inside = (integers == rounded).float() * self.host.scale
        return Signal(
            replaced(self._soft(source.values) * inside, integers.float()), source.constant
        )

    @property
    def masters(self) -> list[Master]:
        """Nodes with weights, in computing order."""
        return [node for node in self.nodes if isinstance(node, Master)]

    @torch.no_grad()
    def _exact(self, inputs: Tensor) -> Tensor:
        """Currents in float64, on the CPU as the host computes them."""
        masters = {master.name: master for master in self.masters}
        delivered = {self.segment.source: inputs.double().cpu()}
        for node in self.segment.nodes:
            master = masters.get(node.name)
            current = (
                node if master is None else replace(node, node=with_weights(node.node, master))
            )
            given = _total([delivered[source] for source in node.sources])
            delivered[node.name] = linear_operation(current)(given)
        return _total([delivered[name] for name in self.segment.entering]).to(inputs.device)

    def _soft(self, inputs: Tensor) -> Tensor:
        """Currents in float32, for their gradient."""
        masters = {master.name: master for master in self.masters}
        delivered = {self.segment.source: inputs}
        for node in self.segment.nodes:
            given = _total([delivered[source] for source in node.sources])
            delivered[node.name] = _single(node, masters.get(node.name), given)
        return _total([delivered[name] for name in self.segment.entering])


def with_weights(given: nir.NIRNode, master: Master) -> nir.NIRNode:
    """A copy of a node with the weights and bias as they stand."""
    node: Any = copy.copy(given)
    node.weight = master.weight.detach().cpu().numpy().copy()
    if master.bias is not None:
        node.bias = master.bias.detach().cpu().numpy().copy()
    return node


def _total(signals: list[Tensor]) -> Tensor:
    return summed([Signal(signal) for signal in signals], 1).values


def _single(ordered: OrderedNode, master: Master | None, given: Tensor) -> Tensor:
    node: Any = ordered.node
    if isinstance(node, nir.Flatten):
        return given.reshape(len(given), *ordered.shape)
    if master is None:
        window = pool_window(ordered.name, node)
        divisor = None if isinstance(node, nir.AvgPool2d) else 1
        padded = _padded(given, window)
        return F.avg_pool2d(padded, window.kernel, window.stride, divisor_override=divisor)
    if isinstance(node, nir.Conv2d):
        window = conv_window(ordered.name, node)
        padded, groups = _padded(given, window), int(node.groups)
        return F.conv2d(
            padded, master.weight, master.bias, window.stride, 0, window.dilation, groups
        )
    return F.linear(given, master.weight, master.bias)


def _padded(given: Tensor, window: Window) -> Tensor:
    (top, left), (bottom, right) = window.before, window.after
    return F.pad(given, (left, right, top, bottom)) if any((top, left, bottom, right)) else given
