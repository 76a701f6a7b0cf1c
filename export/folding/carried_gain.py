"""Factors that leave a node are carried to where weights or thresholds make up for them.

Every output has a gain G, an exact fraction: what it was before is G times what it is now.

    weights:  W' = G W, and their own output has G = 1
    neuron:   threshold' = threshold / G; spikes have G = 1
    pooling:  hands its input's G on, times the factor that left the node itself
    a sum:    all branches must have one G; branches with weights are rescaled to the others'
    output:   G must be 1
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import nir
import numpy as np

from export.errors import UnsupportedLayer
from export.folding.graph_edit import label, readers, replaced
from export.folding.neuron_state import state_scaled
from export.folding.reach import PASSING
from export.folding.weighted import WEIGHTED, input_scaled, output_scaled, outputs
from export.graph_order import OrderedNode, in_order

ONE = Fraction(1)


class Words(NamedTuple):
    """What messages call the factor: a noun, and what was done to a branch."""

    noun: str
    done: str


def carried(graph: nir.NIRGraph, own: Mapping[str, Fraction], words: Words) -> nir.NIRGraph:
    """The graph in which the nodes of `own` no longer multiply by their factor.

    The caller exchanges or removes those nodes; here only weights and neurons change.

    Raises:
        UnsupportedLayer: a sum adds branches whose factors differ and can't be made equal, a
            factor reaches the output, or a negative one reaches a neuron.
    """
    nodes = in_order(graph, unfolded=True, loops=True)
    carrying = _Carrying(graph, {node.name: node for node in nodes}, own, words, {}, {})
    for node in nodes:
        carrying.visit(node)
    return replaced(graph, carrying.changed)


@dataclass(frozen=True)
class _Carrying:
    """The walk over the graph, in computing order.

    Args:
        graph: as it was.
        ordered: its nodes.
        own: factors that leave nodes.
        words: for messages.
        gain: G of every output so far; nodes that have one are done.
        changed: nodes with new weights or thresholds.
    """

    graph: nir.NIRGraph
    ordered: Mapping[str, OrderedNode]
    own: Mapping[str, Fraction]
    words: Words
    gain: dict[str, Fraction]
    changed: dict[str, nir.NIRNode]

    def visit(self, ordered: OrderedNode) -> None:
        """Takes in the gain of a node's input and sets that of its output."""
        name, node = ordered.name, ordered.node
        given = self._given(ordered)
        if isinstance(node, PASSING):
            self.gain[name] = given * self.own.get(name, ONE)
            return
        if given != 1 and isinstance(node, WEIGHTED):
            self.changed[name] = input_scaled(self._now(name), float(given))
        elif given != 1 and ordered.fires:
            self._require_positive(name, given)
            self.changed[name] = state_scaled(node, float(1 / given))
        self.gain[name] = ONE

    def _given(self, ordered: OrderedNode) -> Fraction:
        """The one gain of all branches that are added here."""
        self._require_weights_in_loop(ordered)
        if not ordered.sources:
            return ONE
        if isinstance(ordered.node, nir.Output):
            return self._undone_at_output(ordered)
        if len(ordered.sources) == 1 and not ordered.delayed:
            return self.gain[ordered.sources[0]]
        fixed = {self.gain[name] for name in ordered.sources if not self._is_adjustable(name)}
        if ordered.delayed:
            # What comes back has gone through weights, whose own output has G = 1.
            fixed.add(ONE)
        if len(fixed) > 1:
            raise UnsupportedLayer(
                f"{label(self.graph, ordered.name)}: adds branches that were {self.words.done} "
                "differently. Put a convolution or linear layer into one of them."
            )
        common = fixed.pop() if fixed else ONE
        for name in ordered.sources:
            self._adjust(name, common)
        return common

    def _require_weights_in_loop(self, ordered: OrderedNode) -> None:
        for name in ordered.delayed:
            if not isinstance(self.ordered[name].node, WEIGHTED):
                raise UnsupportedLayer(
                    f"{label(self.graph, ordered.name)}: '{name}' closes a loop here, and no "
                    "weights lie between that could take a factor. Put a convolution or linear "
                    "layer there."
                )

    def _undone_at_output(self, output: OrderedNode) -> Fraction:
        for name in output.sources:
            if self.gain[name] != 1 and not self._is_adjustable(name):
                raise UnsupportedLayer(
                    f"{label(self.graph, name)}: {self.words.noun} reaches the output, and its "
                    "factor can't move into weights that serve the output alone. End the network "
                    "with a linear layer."
                )
            self._adjust(name, ONE)
        return ONE

    def _is_adjustable(self, name: str) -> bool:
        """Whether weights set the size of this output, and nothing computed so far has read it."""
        read = any(reader in self.gain for reader in readers(self.graph, name))
        return not read and self._has_weights(name)

    def _has_weights(self, name: str) -> bool:
        if isinstance(self.ordered[name].node, PASSING):
            return all(
                readers(self.graph, source) == (name,) and self._has_weights(source)
                for source in self.ordered[name].sources
            )
        return isinstance(self.ordered[name].node, WEIGHTED)

    def _adjust(self, name: str, gain: Fraction) -> None:
        """Rescales an adjustable output until its gain is `gain`."""
        if self.gain[name] != gain:
            self._multiply(name, self.gain[name] / gain)

    def _multiply(self, name: str, factor: Fraction) -> None:
        self.gain[name] /= factor
        if isinstance(self.ordered[name].node, WEIGHTED):
            node = self._now(name)
            self.changed[name] = output_scaled(node, np.full(outputs(node), float(factor)))
            return
        for source in self.ordered[name].sources:
            self._multiply(source, factor)

    def _now(self, name: str) -> nir.NIRNode:
        return self.changed.get(name, self.ordered[name].node)

    def _require_positive(self, name: str, given: Fraction) -> None:
        if given <= 0:
            raise UnsupportedLayer(
                f"{label(self.graph, name)}: {self.words.noun} brings it the factor "
                f"{float(given):g}, and a threshold can only be divided by a positive one. Put a "
                "convolution or linear layer before it."
            )
