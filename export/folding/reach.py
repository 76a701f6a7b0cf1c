"""Which weights alone set the size of a neuron's input."""

import nir

from export.folding.graph_edit import readers, sources
from export.folding.weighted import WEIGHTED
from export.unfolded_nodes import PermutedFlatten

PASSING = (nir.SumPool2d, nir.AvgPool2d, nir.Flatten, PermutedFlatten, nir.Scale)
"""A factor on the input of such a node is the same factor on its output."""


def weights_of_its_own(graph: nir.NIRGraph, name: str) -> frozenset[str] | None:
    """Weighted nodes that feed `name` through linear nodes and nothing else.

    None if anything reaches it bare (spikes over an identity skip, the input), or if one of the
    weighted nodes also feeds something else.
    """
    found = _weighted_before(graph, name)
    if found is None or any(_fed_by(graph, source) != {name} for source in found):
        return None
    return frozenset(found)


def _weighted_before(graph: nir.NIRGraph, name: str) -> set[str] | None:
    found: set[str] = set()
    for source in sources(graph, name):
        node = graph.nodes[source]
        if isinstance(node, WEIGHTED):
            found.add(source)
        elif isinstance(node, PASSING):
            further = _weighted_before(graph, source)
            if further is None:
                return None
            found |= further
        else:
            return None
    return found


def _fed_by(graph: nir.NIRGraph, name: str) -> set[str]:
    """Neurons, weighted nodes and outputs that `name` reaches through linear nodes."""
    reached: set[str] = set()
    for reader in readers(graph, name):
        if isinstance(graph.nodes[reader], PASSING):
            reached |= _fed_by(graph, reader)
        else:
            reached.add(reader)
    return reached
