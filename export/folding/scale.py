"""nir.Scale nodes, y = s x, into their neighbours.

Into the weights before, where they feed the scale alone (W' = s W, b' = s b); else one factor for
all elements is carried on to weights and thresholds, and factors that differ move into the weights
that read them.
"""

from collections.abc import Iterable
from fractions import Fraction

import nir
import numpy as np
from numpy.typing import NDArray

from export.folding.absorbed import absorbed
from export.folding.carried_gain import Words, carried
from export.folding.graph_edit import readers, replaced, sources, without
from export.folding.weighted import WEIGHTED, doubles, output_scaled, outputs
from export.graph_order import OrderedNode, in_order

FloatArray = NDArray[np.float64]

WORDS = Words("a scale", "scaled")


def fold_scales(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every Scale that doesn't read the input itself; those are `input_scaling`'s.

    Raises:
        UnsupportedLayer: a neighbour can't take the factor.
    """
    inner = (node.name for node in scales(graph) if not reads_input(graph, node.name))
    return without_scales(graph, inner)


def scales(graph: nir.NIRGraph) -> list[OrderedNode]:
    """The Scale nodes, in computing order."""
    return [
        node
        for node in in_order(graph, unfolded=True, loops=True)
        if isinstance(node.node, nir.Scale)
    ]


def reads_input(graph: nir.NIRGraph, name: str) -> bool:
    """Whether the network's input enters this node."""
    return any(isinstance(graph.nodes[source], nir.Input) for source in sources(graph, name))


def without_scales(graph: nir.NIRGraph, names: Iterable[str]) -> nir.NIRGraph:
    """The graph without these Scale nodes.

    Raises:
        UnsupportedLayer: a neighbour can't take a factor.
    """
    graph = replaced(graph, {})
    for name in names:
        ordered = next(node for node in scales(graph) if node.name == name)
        factor = np.broadcast_to(doubles(ordered.node.scale), ordered.shape)
        graph = _folded(graph, name, factor)
    return graph


def _folded(graph: nir.NIRGraph, name: str, factor: FloatArray) -> nir.NIRGraph:
    per_channel = _per_channel(factor)
    before = [graph.nodes[source] for source in sources(graph, name)]
    alone = all(readers(graph, source) == (name,) for source in sources(graph, name))
    fitting = per_channel is not None and all(
        isinstance(node, WEIGHTED) and outputs(node) == len(per_channel) for node in before
    )
    if alone and fitting and per_channel is not None:
        scaled = {
            source: output_scaled(graph.nodes[source], per_channel)
            for source in sources(graph, name)
        }
        return without(replaced(graph, scaled), name)
    first = float(factor.flat[0])
    if first != 0 and (factor == first).all():
        return without(carried(graph, {name: Fraction(first)}, WORDS), name)
    return absorbed(graph, name, factor, np.zeros(factor.shape))


def _per_channel(factor: FloatArray) -> FloatArray | None:
    """The factor of each channel, if it is the same all over the channel."""
    flat = factor.reshape(len(factor), -1)
    return None if (flat != flat[:, :1]).any() else flat[:, 0].copy()
