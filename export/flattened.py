"""A NIR graph without graphs inside it.

A nested graph's node `lif` becomes `outer.lif`; its Input and Output vanish, and what led to them
leads on. Most tools write recurrent layers as nested graphs.
"""

import nir

from export.errors import InvalidGraph, UnsupportedLayer

Edge = tuple[str, str]

MAX_DEPTH = 16
"""Graphs within graphs; nobody writes more than two."""


def flattened(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The same network in one graph; one without nested graphs comes back as it is.

    Raises:
        UnsupportedLayer: a nested graph with several inputs or outputs.
        InvalidGraph: nested too deeply, or two nodes come to bear one name.
    """
    if not any(isinstance(node, nir.NIRGraph) for node in graph.nodes.values()):
        return graph
    nodes: dict[str, nir.NIRNode] = {}
    edges: list[Edge] = []
    vanishing: list[str] = []
    _collect(graph, "", nodes, edges, vanishing)
    for name in vanishing:
        edges = _without(name, edges)
        del nodes[name]
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata, type_check=False)


def _collect(
    graph: nir.NIRGraph,
    prefix: str,
    nodes: dict[str, nir.NIRNode],
    edges: list[Edge],
    vanishing: list[str],
) -> None:
    if prefix.count(".") > MAX_DEPTH:
        raise InvalidGraph(
            f"NIR graph '{prefix[:40]}...': nested deeper than {MAX_DEPTH}. Don't trust this file."
        )
    entries, exits = dict[str, str](), dict[str, str]()
    for name, node in graph.nodes.items():
        full = prefix + name
        if isinstance(node, nir.NIRGraph):
            entries[name], exits[name] = _ends(full, node)
            _collect(node, f"{full}.", nodes, edges, vanishing)
            vanishing += [entries[name], exits[name]]
            continue
        if full in nodes:
            raise InvalidGraph(f"NIR graph: two nodes are called '{full}'. Rename one.")
        nodes[full] = node
    for source, target in graph.edges:
        edges.append((exits.get(source, prefix + source), entries.get(target, prefix + target)))


def _ends(name: str, graph: nir.NIRGraph) -> Edge:
    """Full names of a nested graph's Input and Output."""
    ends = []
    for kind in (nir.Input, nir.Output):
        found = [inner for inner, node in graph.nodes.items() if isinstance(node, kind)]
        if len(found) != 1:
            raise UnsupportedLayer(
                f"NIR graph '{name}': has {len(found)} {kind.__name__} nodes, and a nested graph "
                "must have exactly 1. Export it with one input and one output."
            )
        ends.append(f"{name}.{found[0]}")
    return ends[0], ends[1]


def _without(name: str, edges: list[Edge]) -> list[Edge]:
    """Edges that lead past a node."""
    before = [source for source, target in edges if target == name]
    after = [target for source, target in edges if source == name]
    kept = [edge for edge in edges if name not in edge]
    return kept + [(source, target) for source in before for target in after]
