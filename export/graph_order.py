"""A NIR graph as the order in which its nodes are computed."""

import heapq
from dataclasses import dataclass

import nir

from export.errors import InvalidGraph, UnsupportedLayer
from export.flattened import flattened
from export.loops import closing_edges
from export.nir_file import refuse_non_finite
from export.node_shape import NEURON_KINDS, STATE_KINDS, Shape, node_shape
from export.reset_rules import refuse_other_resets

NO_LOOPS = (
    "recurrent networks go to targets nir and onnx, to no chip. Export with --target nir "
    "--target onnx."
)


@dataclass(frozen=True)
class OrderedNode:
    """One node, its sources and its shape.

    Args:
        name: in the graph.
        node: NIR's node, parameters included.
        sources: nodes whose outputs are summed into this one's input, in computing order.
        given: shape of that sum, one sample at one step; an Input node's own shape.
        shape: shape of the output.
        delayed: nodes whose outputs of the step before are added too, nothing at the first step.
    """

    name: str
    node: nir.NIRNode
    sources: tuple[str, ...]
    given: Shape
    shape: Shape
    delayed: tuple[str, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether its output is spikes."""
        return isinstance(self.node, NEURON_KINDS)

    @property
    def has_state(self) -> bool:
        """Whether its output depends on earlier steps."""
        return isinstance(self.node, STATE_KINDS)


def in_order(
    graph: nir.NIRGraph, *, unfolded: bool = False, loops: bool = False
) -> tuple[OrderedNode, ...]:
    """The nodes from Input to Output, each after all of its sources.

    Ties go by name, so the order doesn't depend on how a file happened to store the nodes.

    Args:
        graph: left as it was.
        unfolded: take every kind of node and every reset that the executor runs.
        loops: take loops, whose closing edges (`export.loops`) bring what the step before made,
            and nested graphs, whose nodes come as `export.flattened` names them.

    Raises:
        UnsupportedLayer: a node of a kind that nothing here runs or exports, or a reset that only
            the executor runs.
        InvalidGraph: not exactly one Input and one Output, a loop, a loose end, shapes that don't
            fit, or parameters that aren't finite.
    """
    refuse_non_finite(graph, "NIR graph")
    if not unfolded:
        refuse_other_resets(graph)
    if loops:
        graph = flattened(graph)
    else:
        _refuse_nested(graph)
    sources = _sources(graph)
    delayed = closing_edges(sources, _entry(graph)) if loops else {}
    now = {name: before - delayed.get(name, set()) for name, before in sources.items()}
    placed: dict[str, OrderedNode] = {}
    for name in _names_in_order(now):
        node = graph.nodes[name]
        before = tuple(source for source in placed if source in now[name])
        given = _given_shape(name, node, [placed[source].shape for source in before])
        ends = isinstance(node, nir.Input | nir.Output)
        shape = given if ends else node_shape(name, node, given, unfolded=unfolded)
        later = tuple(sorted(delayed.get(name, ())))
        placed[name] = OrderedNode(name, node, before, given, shape, later)
    for name, ordered in placed.items():
        for source in ordered.delayed:
            _given_shape(name, ordered.node, [ordered.given, placed[source].shape])
    return tuple(placed.values())


def independent_of_time(nodes: tuple[OrderedNode, ...]) -> frozenset[str]:
    """Nodes that no neuron feeds: on a static input they compute the same at every step."""
    still: set[str] = set()
    for node in nodes:
        steady = not node.has_state and not node.delayed
        if steady and all(source in still for source in node.sources):
            still.add(node.name)
    return frozenset(still)


def _sources(graph: nir.NIRGraph) -> dict[str, set[str]]:
    for kind in (nir.Input, nir.Output):
        count = sum(isinstance(node, kind) for node in graph.nodes.values())
        if count != 1:
            raise InvalidGraph(
                f"NIR graph: it has {count} {kind.__name__} nodes, expected exactly 1. "
                "Export it with one input and one output."
            )
    sources: dict[str, set[str]] = {name: set() for name in graph.nodes}
    for source, target in graph.edges:
        if source not in sources or target not in sources:
            raise InvalidGraph(
                f"NIR graph: edge '{source}' -> '{target}' names a node that doesn't exist. "
                "Export it again."
            )
        if source in sources[target]:
            raise InvalidGraph(
                f"NIR graph: edge '{source}' -> '{target}' appears twice. Export it again."
            )
        sources[target].add(source)
    _refuse_loose_ends(graph, sources)
    return sources


def _refuse_nested(graph: nir.NIRGraph) -> None:
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            raise UnsupportedLayer(
                f"NIR node '{name}': a nested graph, a population that feeds itself, and {NO_LOOPS}"
            )


def _entry(graph: nir.NIRGraph) -> str:
    return next(str(name) for name, node in graph.nodes.items() if isinstance(node, nir.Input))


def _refuse_loose_ends(graph: nir.NIRGraph, sources: dict[str, set[str]]) -> None:
    feeding = set[str]().union(*sources.values())
    for name, node in graph.nodes.items():
        if not sources[name] and not isinstance(node, nir.Input):
            raise InvalidGraph(f"NIR graph: no edge leads to node '{name}'. Export it again.")
        if name not in feeding and not isinstance(node, nir.Output):
            raise InvalidGraph(f"NIR graph: no edge leaves node '{name}'. Export it again.")


def _names_in_order(sources: dict[str, set[str]]) -> list[str]:
    waiting = {name: set(before) for name, before in sources.items()}
    ready = [name for name, before in waiting.items() if not before]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for target in [target for target, before in waiting.items() if name in before]:
            waiting[target].discard(name)
            if not waiting[target]:
                heapq.heappush(ready, target)
    if len(order) < len(sources):
        stuck = ", ".join(sorted(set(sources) - set(order)))
        raise InvalidGraph(f"NIR graph: nodes {stuck} form a loop, and {NO_LOOPS}")
    return order


def _given_shape(name: str, node: nir.NIRNode, shapes: list[Shape]) -> Shape:
    if isinstance(node, nir.Input):
        return tuple(int(size) for size in node.input_type["input"])
    if len(set(shapes)) > 1:
        listed = ", ".join(str(shape) for shape in shapes)
        raise InvalidGraph(
            f"NIR node '{name}': its edges bring different shapes ({listed}), which can't be "
            "summed. Check the edges."
        )
    return shapes[0]
