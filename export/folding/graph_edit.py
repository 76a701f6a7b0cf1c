"""Edits of a NIR graph that leave the graph itself as it was.

Nodes that an edit doesn't touch are shared between both graphs. The facts in the metadata come
along; a node that is gone loses its module.
"""

from collections.abc import Mapping

import nir

from export.errors import UnsupportedLayer
from export.nir_metadata import METADATA_KEY, read_facts

Edge = tuple[str, str]


def replaced(graph: nir.NIRGraph, changed: Mapping[str, nir.NIRNode]) -> nir.NIRGraph:
    """The same graph with some nodes exchanged."""
    return _rebuilt(graph, {**graph.nodes, **changed}, list(graph.edges))


def without(graph: nir.NIRGraph, name: str) -> nir.NIRGraph:
    """The same graph with a node taken out: what read it reads what it read.

    Raises:
        UnsupportedLayer: a reader would then receive the same output twice.
    """
    before, after = sources(graph, name), readers(graph, name)
    for origin, target in graph.edges:
        if origin in before and target in after:
            raise UnsupportedLayer(
                f"{label(graph, name)}: folded away, {label(graph, target)} would receive the "
                f"output of {label(graph, origin)} twice over, and NIR has no double edges. Put a "
                "convolution or linear layer into one of the paths."
            )
    kept: list[Edge] = []
    for source, target in graph.edges:
        # In the place of the edge that goes, since files hold edges in order.
        origins = before if source == name else (source,)
        kept += [(origin, target) for origin in origins if target != name]
    nodes = {key: node for key, node in graph.nodes.items() if key != name}
    return _rebuilt(graph, nodes, kept)


def sources(graph: nir.NIRGraph, name: str) -> tuple[str, ...]:
    """Nodes whose outputs are summed into this one's input."""
    return tuple(source for source, target in graph.edges if target == name)


def readers(graph: nir.NIRGraph, name: str) -> tuple[str, ...]:
    """Nodes that read this one's output."""
    return tuple(target for source, target in graph.edges if source == name)


def label(graph: nir.NIRGraph, name: str) -> str:
    """What a message calls a node: its torch layer where it came from one."""
    path = read_facts(graph).modules.get(name)
    return f"NIR node '{name}'" if path is None else f"layer '{path}'"


def _rebuilt(graph: nir.NIRGraph, nodes: dict[str, nir.NIRNode], edges: list[Edge]) -> nir.NIRGraph:
    metadata = dict(graph.metadata)
    if len(nodes) < len(graph.nodes):
        facts = read_facts(graph)
        modules = {name: path for name, path in facts.modules.items() if name in nodes}
        metadata[METADATA_KEY] = facts.model_copy(update={"modules": modules}).model_dump_json()
    # NIR's own check knows neither our nodes nor rectangular kernels.
    return nir.NIRGraph(nodes, edges, metadata, type_check=False)
