"""Batch norm and tdBN with evaluation statistics, into the layer before: W' = gain W.

tdBN's factor alpha V_th is part of its gain already; b' = gain b + shift.
"""

import nir

from export.errors import UnsupportedLayer
from export.folding.graph_edit import label, readers, replaced, sources, without
from export.folding.weighted import WEIGHTED, output_scaled, outputs
from export.graph_order import OrderedNode, in_order
from export.unfolded_nodes import BatchNorm


def fold_batch_norms(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every batch norm but one on the input itself, which is `input_normalisation`'s.

    Raises:
        UnsupportedLayer: a norm doesn't directly follow a layer that feeds it alone.
    """
    graph = replaced(graph, {})
    for ordered in in_order(graph, unfolded=True, loops=True):
        if isinstance(ordered.node, BatchNorm) and not on_the_input(graph, ordered.name):
            graph = _folded(graph, ordered)
    return graph


def on_the_input(graph: nir.NIRGraph, name: str) -> bool:
    """Whether a norm normalises the network's input and nothing else."""
    return [type(graph.nodes[source]) for source in sources(graph, name)] == [nir.Input]


def _folded(graph: nir.NIRGraph, norm: OrderedNode) -> nir.NIRGraph:
    before = sources(graph, norm.name)
    first = graph.nodes[before[0]]
    fitting = (
        len(before) == 1
        and isinstance(first, WEIGHTED)
        and readers(graph, before[0]) == (norm.name,)
        and outputs(first) == norm.shape[0]
    )
    if not fitting:
        raise UnsupportedLayer(
            f"{label(graph, norm.name)}: batch norm after {_spelled(graph, before)} can't be "
            "folded. Put it right after a convolution or linear layer that feeds nothing else."
        )
    gain, shift = graph.nodes[norm.name].gain, graph.nodes[norm.name].shift
    folded = output_scaled(first, gain, shift)
    return without(replaced(graph, {before[0]: folded}), norm.name)


def _spelled(graph: nir.NIRGraph, before: tuple[str, ...]) -> str:
    if len(before) > 1:
        return "a sum"
    return f"{label(graph, before[0])} ({type(graph.nodes[before[0]]).__name__})"
