"""Thresholds become 1: weights and bias before a neuron are divided by its threshold.

A neuron that also receives signals without weights in between (an identity skip), whose weights
feed another neuron too, or whose neurons have thresholds of their own, keeps its threshold.
"""

import nir
import numpy as np

from export.folding.graph_edit import replaced
from export.folding.neuron_state import changed, state_scaled
from export.folding.reach import weights_of_its_own
from export.folding.weighted import output_scaled, outputs
from export.graph_order import in_order


def fold_thresholds(graph: nir.NIRGraph) -> nir.NIRGraph:
    """v_threshold = 1 wherever weights of its own can be divided by it."""
    graph = replaced(graph, {})
    for ordered in in_order(graph, unfolded=True, loops=True):
        if ordered.fires:
            graph = _folded(graph, ordered.name)
    return graph


def _folded(graph: nir.NIRGraph, name: str) -> nir.NIRGraph:
    node = graph.nodes[name]
    threshold = float(node.v_threshold.flat[0])
    if threshold in (0.0, 1.0) or threshold < 0 or (node.v_threshold != threshold).any():
        return graph
    weights = weights_of_its_own(graph, name)
    if weights is None:
        return graph
    factor = 1.0 / threshold
    scaled = {
        source: output_scaled(graph.nodes[source], np.full(outputs(graph.nodes[source]), factor))
        for source in weights
    }
    rescaled = changed(state_scaled(node, factor), v_threshold=np.ones(np.shape(node.v_threshold)))
    return replaced(graph, {**scaled, name: rescaled})
