"""Normalisation of the input by mean and deviation, into the first layer's weights and bias.

    y = (x - mean) / deviation = gain x + shift ;   W' = W gain ;   b' = b + W shift

Exact where the first layer pads nothing, or where every mean is 0; see export.folding.absorbed.
"""

import nir
import numpy as np

from export.folding.absorbed import absorbed
from export.folding.batch_norm import on_the_input
from export.folding.graph_edit import replaced
from export.graph_order import in_order
from export.unfolded_nodes import BatchNorm


def fold_input_normalisation(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every batch norm that reads the network's input and nothing else.

    Raises:
        UnsupportedLayer: a reader pads a shifted channel with zeros, or takes no factors.
    """
    graph = replaced(graph, {})
    while True:
        norm = next(
            (
                node
                for node in in_order(graph, unfolded=True, loops=True)
                if isinstance(node.node, BatchNorm) and on_the_input(graph, node.name)
            ),
            None,
        )
        if norm is None:
            return graph
        gain, shift = (
            np.broadcast_to(values.reshape(-1, *(1,) * (len(norm.shape) - 1)), norm.shape)
            for values in (norm.node.gain, norm.node.shift)
        )
        graph = absorbed(graph, norm.name, gain, shift)
