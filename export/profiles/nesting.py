"""Which loops of a graph can be written as nested graphs (`export.nested_population`)."""

import nir

from export.graph_order import OrderedNode


def recurrent_weights(nodes: tuple[OrderedNode, ...]) -> dict[str, str]:
    """Neuron to recurrent weights, of every population that can become a nested graph.

    Such weights read one population of one dimension, which alone reads them, a step later.
    """
    found: dict[str, str] = {}
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        if not node.fires or len(node.shape) != 1 or len(node.delayed) != 1:
            continue
        weights = by_name[node.delayed[0]]
        readers = [other.name for other in nodes if weights.name in other.sources + other.delayed]
        plain = isinstance(weights.node, nir.Affine | nir.Linear) and not weights.delayed
        if plain and weights.sources == (node.name,) and readers == [node.name]:
            found[node.name] = weights.name
    return found
