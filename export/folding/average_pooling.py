"""Average and global average pooling become sums; 1 / (rows columns) goes to what reads them.

Some importers drop AvgPool2d, and a chip adds spikes but divides nothing. The fractions are exact,
so that poolings of odd sizes whose product is the same can be added.
"""

from fractions import Fraction

import nir

from export.folding.carried_gain import Words, carried
from export.folding.graph_edit import replaced
from export.graph_order import in_order
from export.window import pool_window

WORDS = Words("an average", "average-pooled")


def fold_average_pooling(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every AvgPool2d becomes SumPool2d; its division moves into weights or thresholds.

    Raises:
        UnsupportedLayer: a sum adds branches whose divisions differ and can't be made equal, or a
            division reaches the output.
    """
    poolings = {
        node.name: node.node
        for node in in_order(graph, unfolded=True, loops=True)
        if isinstance(node.node, nir.AvgPool2d)
    }
    divisions = {}
    for name, node in poolings.items():
        rows, columns = pool_window(name, node).kernel
        divisions[name] = Fraction(1, rows * columns)
    sums = {
        name: nir.SumPool2d(node.kernel_size, node.stride, node.padding)
        for name, node in poolings.items()
    }
    return replaced(carried(graph, divisions, WORDS), sums)
