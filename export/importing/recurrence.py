"""Loops of a foreign graph: what lags, and a bias that acts in the first step too."""

import nir
import numpy as np

from export.errors import UnsupportedLayer
from export.importing.reading import Reading
from export.loops import closing_edges

Sources = dict[str, set[str]]


def with_lags(graph: nir.NIRGraph, readings: dict[str, Reading], dt_s: float) -> nir.NIRGraph:
    """A Delay behind every neuron whose output lags; its own recurrent weights see it at once."""
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for name, reading in readings.items():
        if not reading.lag:
            continue
        delay = f"{name}_lag"
        nodes[delay] = nir.Delay(np.array([reading.lag * dt_s]))
        edges = [
            (delay if source == name and name not in _reached(target, graph) else source, target)
            for source, target in edges
        ]
        edges.append((name, delay))
    return nir.NIRGraph(nodes, edges, metadata={}, type_check=False)


def with_steady_bias(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Recurrent weights without bias, which the way into the loop brings instead.

    An edge that closes a loop brings nothing in the first step; a bias on it would be missing
    there.

    Raises:
        UnsupportedLayer: a recurrent convolution with a bias.
    """
    nodes, edges = dict(graph.nodes), list(graph.edges)
    sources: Sources = {name: set() for name in nodes}
    for source, target in edges:
        sources[target].add(source)
    entry = next(name for name, node in nodes.items() if isinstance(node, nir.Input))
    for target, closing in closing_edges(sources, entry).items():
        for source in sorted(closing):
            bias = getattr(nodes[source], "bias", None)
            if bias is None or not np.any(bias):
                continue
            if not isinstance(nodes[source], nir.Affine):
                raise UnsupportedLayer(
                    f"NIR node '{source}': a recurrent {type(nodes[source]).__name__} with a bias "
                    "isn't supported. Train it without bias."
                )
            nodes[source] = nir.Linear(nodes[source].weight)
            feeding = _only_feeding(target, closing, nodes, edges)
            if feeding is not None:
                given = getattr(nodes[feeding], "bias", 0)
                nodes[feeding] = nir.Affine(nodes[feeding].weight, np.asarray(given) + bias)
                continue
            entering = f"{target}_bias"
            nodes[entering] = nir.Affine(np.eye(len(bias)), np.asarray(bias))
            edges = [
                (before, entering if after == target and before not in closing else after)
                for before, after in edges
            ]
            edges.append((entering, target))
    return nir.NIRGraph(nodes, edges, metadata={}, type_check=False)


def _only_feeding(
    target: str, closing: set[str], nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]]
) -> str | None:
    """The dense layer that alone leads into the loop and nowhere else, which can take the bias."""
    before = [source for source, name in edges if name == target and source not in closing]
    if len(before) != 1 or not isinstance(nodes[before[0]], nir.Affine | nir.Linear):
        return None
    return before[0] if [source for source, _ in edges].count(before[0]) == 1 else None


def _reached(start: str, graph: nir.NIRGraph) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        for source, target in graph.edges:
            if source == name and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen
