"""Every Flatten flattens all axes in C, H, W order.

A flatten of other axes is joined with the flatten that follows it; one of another order permutes
the columns of the weights behind it: with y[k] = x[index[k]], W'[:, index[k]] = W[:, k].
"""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import UnsupportedLayer
from export.folding.graph_edit import label, readers, replaced, sources, without
from export.folding.weighted import bias_of, with_weights
from export.graph_order import OrderedNode, in_order
from export.node_shape import Shape
from export.unfolded_nodes import PermutedFlatten

IntArray = NDArray[np.int64]


def fold_flatten_order(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Flattens become Flatten(0, -1); weights behind another order are permuted.

    Raises:
        UnsupportedLayer: a flatten keeps axes apart, or what reads another order isn't weights
            that read it alone.
    """
    graph = replaced(graph, {})
    nodes = in_order(graph, unfolded=True, loops=True)
    shapes = {node.name: node.shape for node in nodes}
    for ordered in nodes:
        if isinstance(ordered.node, PermutedFlatten):
            graph = _permuted(graph, ordered)
        # One that joined a flatten before it is done.
        elif graph.nodes[ordered.name] is ordered.node and isinstance(ordered.node, nir.Flatten):
            graph = _whole(graph, ordered, shapes)
    return graph


def _permuted(graph: nir.NIRGraph, ordered: OrderedNode) -> nir.NIRGraph:
    numbers = np.arange(int(np.prod(ordered.given))).reshape(ordered.given)
    index = numbers.transpose(ordered.node.order).ravel()
    # Of one pixel per channel, every order is the same.
    moved = readers(graph, ordered.name) if (index != numbers.ravel()).any() else ()
    permuted = {reader: _columns_permuted(graph, ordered.name, reader, index) for reader in moved}
    return replaced(graph, {**permuted, ordered.name: _flatten(ordered.given)})


def _columns_permuted(graph: nir.NIRGraph, name: str, reader: str, index: IntArray) -> Any:
    node = graph.nodes[reader]
    if not isinstance(node, nir.Affine | nir.Linear) or len(sources(graph, reader)) > 1:
        raise UnsupportedLayer(
            f"{label(graph, name)}: flattens axes in the order {graph.nodes[name].order}, and "
            f"{label(graph, reader)} ({type(node).__name__}), which reads it, has no columns of "
            "its own to permute. Flatten in C, H, W order, or let one linear layer read it alone."
        )
    weight = np.empty(node.weight.shape)
    weight[:, index] = node.weight
    return with_weights(node, weight, bias_of(node))


def _whole(graph: nir.NIRGraph, ordered: OrderedNode, shapes: dict[str, Shape]) -> nir.NIRGraph:
    name, whole = ordered.name, _flatten(ordered.given)
    if len(ordered.shape) == 1:
        return replaced(graph, {name: whole})
    if ordered.shape == ordered.given:
        return without(graph, name)
    after = readers(graph, name)
    joins = all(
        isinstance(graph.nodes[reader], nir.Flatten)
        and sources(graph, reader) == (name,)
        and len(shapes[reader]) == 1
        for reader in after
    )
    if not joins:
        raise UnsupportedLayer(
            f"{label(graph, name)}: Flatten({int(ordered.node.start_dim)}, "
            f"{int(ordered.node.end_dim)}) keeps axes apart. Use start_dim 0 and end_dim -1, which "
            "count without the batch."
        )
    return without(replaced(graph, dict.fromkeys(after, whole)), name)


def _flatten(given: Shape) -> nir.Flatten:
    return nir.Flatten({"input": np.array(given)}, start_dim=0, end_dim=-1)
