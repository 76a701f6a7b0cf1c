"""Shapes of a foreign graph: what its writer left out, or counted the batch in.

Parameters that are one number become full-size; Input, Output, Conv and Flatten get their shapes
without batch. Nested graphs must have been flattened.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import nir
import numpy as np

from export.dense_kernels import squared, ungrouped
from export.errors import InvalidGraph, UnsupportedLayer
from export.importing.rebuilt import rebuilt
from export.node_shape import Shape, node_shape
from export.window import conv_window

STATEFUL: dict[type, tuple[str, ...]] = {
    nir.LIF: ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    nir.IF: ("r", "v_threshold", "v_reset"),
    nir.CubaLIF: ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    nir.LI: ("tau", "r", "v_leak"),
    nir.CubaLI: ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    nir.I: ("r",),
    nir.Delay: ("delay",),
    nir.Threshold: ("threshold",),
}
"""Kinds of node whose parameters have the shape of their input."""

RANKS: dict[type, int] = {
    nir.Affine: 1,
    nir.Linear: 1,
    nir.Conv1d: 2,
    nir.Conv2d: 3,
    nir.SumPool2d: 3,
    nir.AvgPool2d: 3,
}
"""Axes of one sample at one step."""


def sized(graph: nir.NIRGraph, *, batch_in_shapes: bool) -> nir.NIRGraph:
    """The graph with every shape written out.

    Args:
        graph: flat; left as it was.
        batch_in_shapes: its writer counts the batch in Input shapes, so the first axis goes where
            nothing else tells how many axes a sample has.

    Raises:
        InvalidGraph: no shape of the input fits the nodes, or it can't be known.
        UnsupportedLayer: a node of a kind that nothing here runs.
    """
    entry = _only(graph, nir.Input)
    candidates = _input_shapes(graph, entry, batch_in_shapes)
    for shape in candidates[:-1]:
        try:
            return _with_input(graph, entry, shape)
        except InvalidGraph:
            continue
    return _with_input(graph, entry, candidates[-1])


def _only(graph: nir.NIRGraph, kind: type) -> str:
    found = [name for name, node in graph.nodes.items() if isinstance(node, kind)]
    if len(found) != 1:
        raise InvalidGraph(
            f"NIR graph: it has {len(found)} {kind.__name__} nodes, expected exactly 1. Export it "
            "with one input and one output."
        )
    return str(found[0])


def _input_shapes(graph: nir.NIRGraph, entry: str, batch_in_shapes: bool) -> list[Shape]:
    """Shapes of one sample to try, the likeliest first."""
    stated = graph.nodes[entry].input_type.get("input")
    full = () if stated is None else tuple(int(size) for size in np.ravel(stated))
    readers = [graph.nodes[target] for source, target in graph.edges if source == entry]
    ranks = {RANKS[type(node)] for node in readers if type(node) in RANKS}
    dense = [node for node in readers if isinstance(node, nir.Affine | nir.Linear)]
    if not full and dense:
        return [(int(dense[0].weight.shape[-1]),)]
    if ranks:
        rank = min(ranks)
        if len(full) < rank:
            raise InvalidGraph(
                f"NIR node '{entry}': shape {full} has too few axes for what it feeds, which takes "
                f"{rank}. Export it again with the sample's shape."
            )
        return [full[len(full) - rank :]]
    if not full:
        raise InvalidGraph(
            f"NIR node '{entry}': it has no shape, and nothing it feeds tells one. Export it again "
            "with the sample's shape."
        )
    whole = [full[axes:] for axes in range(len(full))]
    return whole if not batch_in_shapes or len(whole) == 1 else [*whole[1:], whole[0]]


def _with_input(graph: nir.NIRGraph, entry: str, shape: Shape) -> nir.NIRGraph:
    """The graph where the input has this shape; every node takes the first shape that reaches it.

    Whether several edges bring one shape is checked by `export.graph_order`.
    """
    nodes: dict[str, nir.NIRNode] = {entry: nir.Input({"input": np.array(shape)})}
    shapes, waiting = {entry: shape}, [entry]
    targets: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        if source not in targets or target not in targets:
            raise InvalidGraph(
                f"NIR graph: edge '{source}' -> '{target}' names a node that doesn't exist. "
                "Export it again."
            )
        targets[source].append(target)
    while waiting:
        source = waiting.pop(0)
        for name in targets[source]:
            if name in shapes:
                continue
            following = [graph.nodes[target] for target in targets[name]]
            nodes[name], shapes[name] = _sized_node(
                name, graph.nodes[name], shapes[source], following
            )
            waiting.append(name)
    unreached = [name for name in graph.nodes if name not in shapes]
    if unreached:
        raise InvalidGraph(
            f"NIR graph: nodes {', '.join(sorted(unreached))} can't be reached from '{entry}'. "
            "Export it again."
        )
    ordered = {name: nodes[name] for name in graph.nodes}
    edges = list(dict.fromkeys((str(source), str(target)) for source, target in graph.edges))
    return nir.NIRGraph(ordered, edges, metadata={}, type_check=False)


def _sized_node(
    name: str, node: nir.NIRNode, given: Shape, following: list[nir.NIRNode]
) -> tuple[nir.NIRNode, Shape]:
    if isinstance(node, nir.Output):
        return nir.Output({"output": np.array(given)}), given
    if type(node) in STATEFUL:
        keys = STATEFUL[type(node)]
        node = rebuilt(node, **{key: _full(name, key, getattr(node, key), given) for key in keys})
    elif type(node) in _RULES:
        node = _RULES[type(node)](name, node, given, following)
    return node, node_shape(name, node, given, unfolded=True)


def _full(name: str, key: str, values: Any, given: Shape) -> Any:
    array = np.asarray(values, dtype=np.float64)
    if array.size == 1:
        return np.full(given, array.reshape(()))
    shape = array.shape
    while len(shape) > len(given) and shape[0] == 1:
        shape = shape[1:]
    array = array.reshape(shape)
    if len(shape) == len(given) and np.broadcast_shapes(shape, given) == given:
        return np.broadcast_to(array, given).copy()
    raise InvalidGraph(
        f"NIR node '{name}', {key}: its shape {array.shape} doesn't fit what reaches the node, "
        f"{given}. Export it again."
    )


def _conv1d(name: str, node: Any, given: Shape, following: list[nir.NIRNode]) -> nir.NIRNode:
    del name, following
    return rebuilt(node, input_shape=given[-1], weight=ungrouped(node), groups=1)


def _conv2d(name: str, node: Any, given: Shape, following: list[nir.NIRNode]) -> nir.NIRNode:
    del following
    node_shape(name, node, given)
    window = conv_window(name, node)
    weight, padding = ungrouped(node), node.padding
    if window.kernel[0] != window.kernel[1]:
        weight, padding = squared(f"NIR node '{name}'", weight, window)
    return rebuilt(node, input_shape=given[1:], weight=weight, padding=padding, groups=1)


def _flatten(name: str, node: Any, given: Shape, following: list[nir.NIRNode]) -> nir.NIRNode:
    """Its axes, less one where the writer counted the batch: what follows tells which."""
    del name
    first, last = int(node.start_dim), int(node.end_dim)
    wanted = [n.weight.shape[-1] for n in following if isinstance(n, nir.Affine | nir.Linear)]
    counted = first >= 1 and (len(given) <= first or wanted == [prod(given[first - 1 :])])
    if counted and _flat_size(given, first, last) not in wanted:
        first, last = first - 1, last - 1 if last > 0 else last
    return nir.Flatten({"input": np.array(given)}, start_dim=first, end_dim=last)


def _flat_size(given: Shape, first: int, last: int) -> int | None:
    """Size of what a Flatten to the last axis makes where nothing else is left; else None."""
    last = last + len(given) if last < 0 else last
    whole = first == 0 and last == len(given) - 1
    return prod(given) if whole else None


def _scale(name: str, node: Any, given: Shape, following: list[nir.NIRNode]) -> nir.NIRNode:
    del following
    return nir.Scale(_full(name, "scale", node.scale, given))


_RULES: dict[type, Callable[[str, Any, Shape, list[nir.NIRNode]], nir.NIRNode]] = {
    nir.Conv1d: _conv1d,
    nir.Conv2d: _conv2d,
    nir.Flatten: _flatten,
    nir.Scale: _scale,
}

__all__ = ["STATEFUL", "UnsupportedLayer", "sized"]
