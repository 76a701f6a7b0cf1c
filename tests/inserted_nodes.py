"""Nodes put between the nodes of a NIR graph, as other tools or a trained network bring them."""

import nir
import numpy as np

from export.folding.weighted import WEIGHTED
from export.graph_order import in_order


def inserted(
    graph: nir.NIRGraph, after: str, name: str, node: nir.NIRNode, *, only: str | None = None
) -> nir.NIRGraph:
    """The graph with `node` behind `after`: on all edges that leave it, or on one alone."""
    edges = [(after, name)]
    for source, target in graph.edges:
        cut = source == after and only in (None, target)
        edges.append((name if cut else source, target))
    nodes = {**graph.nodes, name: node}
    return nir.NIRGraph(nodes, edges, dict(graph.metadata), type_check=False)


def with_scales(graph: nir.NIRGraph, draw: np.random.Generator) -> nir.NIRGraph:
    """Scales behind weights (one factor, or one per channel) and behind spikes."""
    for ordered in in_order(graph, unfolded=True):
        after, shape = ordered.name, ordered.shape
        if isinstance(ordered.node, WEIGHTED) and draw.integers(3):
            per = (shape[0], *(1,) * (len(shape) - 1)) if draw.integers(2) else ()
            factor = np.broadcast_to(draw.uniform(0.8, 1.3, per), shape).copy()
            graph = inserted(graph, after, f"{after}_scale", nir.Scale(factor))
        elif ordered.fires and len(readers_of(graph, after)) == 1 and draw.integers(2):
            scale = nir.Scale(np.full(shape, draw.uniform(0.8, 1.3)))
            graph = inserted(graph, after, f"{after}_scale", scale)
    return graph


def readers_of(graph: nir.NIRGraph, name: str) -> list[str]:
    """Nodes that read this one."""
    return [target for source, target in graph.edges if source == name]
