"""A factor and a shift per element of a signal move into the weights that read it.

y = gain x + shift enters what reads y:

    affine:  W' = W diag(gain) ;  b' = b + W shift
    conv:    W'[o, i] = W[o, i] gain[i] ;  b'[o] = b[o] + sum over i and kernel of W[o, i] shift[i]

A padded zero stands for y = 0, so a convolution with zero padding takes no shift: in its new input
that border would have to be -shift / gain.
"""

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import UnsupportedLayer
from export.folding.graph_edit import label, replaced, sources, without
from export.folding.neuron_state import input_multiplied
from export.folding.weighted import bias_of, doubles, with_weights
from export.graph_order import OrderedNode, in_order
from export.unfolded_nodes import BatchNorm, PermutedFlatten
from export.window import Window, conv_window, pool_window

FloatArray = NDArray[np.float64]


def absorbed(graph: nir.NIRGraph, name: str, gain: FloatArray, shift: FloatArray) -> nir.NIRGraph:
    """The graph without node `name`, whose gain and shift its readers have taken over.

    Args:
        graph: left as it was.
        name: a node that computes gain x + shift.
        gain: of its output's shape, one sample at one step.
        shift: likewise.

    Raises:
        UnsupportedLayer: a reader can't take it; the message says which and why.
    """
    taking = _Absorption(graph, name)
    taking.move_on(name, gain, shift)
    return without(replaced(graph, taking.changed), name)


class _Absorption:
    """The walk from the node to the weights behind it."""

    def __init__(self, graph: nir.NIRGraph, name: str) -> None:
        self.graph, self.name = graph, name
        self.ordered = {node.name: node for node in in_order(graph, unfolded=True, loops=True)}
        self.changed: dict[str, nir.NIRNode] = {}

    def move_on(self, name: str, gain: FloatArray, shift: FloatArray) -> None:
        """Gives gain and shift of this output to all that read it."""
        for reader in self._readers(name):
            if len(sources(self.graph, reader.name)) > 1:
                raise self._refusal(reader.name, "also adds another branch")
            rule = _RULES.get(type(reader.node))
            if rule is None:
                raise self._refusal(reader.name, f"is of kind {type(reader.node).__name__}")
            rule(self, reader, gain, shift)

    def _readers(self, name: str) -> list[OrderedNode]:
        return [node for node in self.ordered.values() if name in (*node.sources, *node.delayed)]

    def affine(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Into the columns of a weight matrix."""
        if gain.ndim != 1:
            raise self._refusal(reader.name, f"takes a signal of shape {gain.shape}, not a vector")
        weight, bias = doubles(reader.node.weight), bias_of(reader.node)
        if shift.any():
            moved = weight @ shift
            bias = moved if bias is None else bias + moved
        self.changed[reader.name] = with_weights(reader.node, weight * gain, bias)

    def conv(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Into the input channels of a kernel, group by group."""
        node = reader.node
        gains = self._per_channel(reader.name, gain)
        shifts = self._per_channel(reader.name, shift)
        self._require_unpadded(reader.name, conv_window(reader.name, node), shifts)
        weight, bias = doubles(node.weight), bias_of(node)
        groups = int(node.groups)
        rows = len(weight) // groups
        # [outputs, inputs per group]: the channels that each output reads.
        per_output = np.repeat(gains.reshape(groups, -1), rows, axis=0)
        if shifts.any():
            moved = np.repeat(shifts.reshape(groups, -1), rows, axis=0)
            added = (weight.sum(axis=(2, 3)) * moved).sum(axis=1)
            bias = added if bias is None else bias + added
        scaled = weight * per_output[:, :, None, None]
        self.changed[reader.name] = with_weights(node, scaled, bias)

    def norm(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Into another norm's gain and shift."""
        node = reader.node
        gains = self._per_channel(reader.name, gain)
        shifts = self._per_channel(reader.name, shift)
        self.changed[reader.name] = BatchNorm(node.gain * gains, node.gain * shifts + node.shift)

    def scale(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Past another factor."""
        self.move_on(reader.name, gain, shift * doubles(reader.node.scale))

    def pool(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Past a window, which adds or averages the shift."""
        gains = self._per_channel(reader.name, gain)
        shifts = self._per_channel(reader.name, shift)
        window = pool_window(reader.name, reader.node)
        self._require_unpadded(reader.name, window, shifts)
        added = window.kernel[0] * window.kernel[1] if isinstance(reader.node, nir.SumPool2d) else 1
        self.move_on(
            reader.name,
            np.broadcast_to(gains[:, None, None], reader.shape),
            np.broadcast_to(shifts[:, None, None] * added, reader.shape),
        )

    def flatten(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """Past a change of shape."""
        if isinstance(reader.node, PermutedFlatten):
            gain, shift = gain.transpose(reader.node.order), shift.transpose(reader.node.order)
        self.move_on(reader.name, gain.reshape(reader.shape), shift.reshape(reader.shape))

    def neuron(self, reader: OrderedNode, gain: FloatArray, shift: FloatArray) -> None:
        """A positive factor is the neuron's own resistance."""
        if shift.any() or (gain <= 0).any():
            raise self._refusal(reader.name, "is a neuron, which takes positive factors only")
        self.changed[reader.name] = input_multiplied(reader.node, gain)

    def _per_channel(self, reader: str, values: FloatArray) -> FloatArray:
        flat = values.reshape(len(values), -1)
        if (flat != flat[:, :1]).any():
            raise self._refusal(reader, "has one weight per channel, and these differ within one")
        first: FloatArray = flat[:, 0]
        return first

    def _require_unpadded(self, reader: str, window: Window, shifts: FloatArray) -> None:
        if not shifts.any() or not any((*window.before, *window.after)):
            return
        channel = int(np.flatnonzero(shifts)[0])
        raise UnsupportedLayer(
            f"{label(self.graph, self.name)}: it shifts channel {channel} by {shifts[channel]:g}, "
            f"and {label(self.graph, reader)} pads with zeros (padding {window.before}), which no "
            "longer stand for the mean once the shift is in its bias. Use padding 0 there, or "
            "scale inputs without subtracting a mean."
        )

    def _refusal(self, reader: str, why: str) -> UnsupportedLayer:
        return UnsupportedLayer(
            f"{label(self.graph, self.name)} ({type(self.graph.nodes[self.name]).__name__}): can't "
            f"move into {label(self.graph, reader)}, which {why}. Let a convolution or linear "
            "layer read it and nothing else."
        )


_Rule = Callable[[_Absorption, Any, FloatArray, FloatArray], None]
_RULES: dict[type, _Rule] = {
    nir.Affine: _Absorption.affine,
    nir.Linear: _Absorption.affine,
    nir.Conv2d: _Absorption.conv,
    BatchNorm: _Absorption.norm,
    nir.Scale: _Absorption.scale,
    nir.SumPool2d: _Absorption.pool,
    nir.AvgPool2d: _Absorption.pool,
    nir.Flatten: _Absorption.flatten,
    PermutedFlatten: _Absorption.flatten,
    nir.LIF: _Absorption.neuron,
    nir.IF: _Absorption.neuron,
}
