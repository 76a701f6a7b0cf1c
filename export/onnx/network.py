"""The nodes of a frozen network as ONNX operators, one time step.

Where an edge closes a loop, what its source made at the step before is a state: `prev_<node>`, the
next one `prev_<node>_next`, zeros at first.
"""

from collections.abc import Collection, Mapping

import nir

from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.onnx.fragment import Fragment
from export.onnx.linear import emit_linear
from export.onnx.neuron import emit_neuron, neuron_states
from export.onnx.threshold import adaptive

OUTPUT = "output"
"""The network's output at one step."""

Shapes = dict[str, tuple[int, ...]]


def states_of(
    nodes: tuple[OrderedNode, ...], moving: Mapping[str, MovingThreshold], dt_s: float
) -> Shapes:
    """What a step hands to the next, zeros at first: tensor and shape for one sample.

    A tensor leaves the step under the same name with `_next`.
    """
    return neuron_states(nodes, dt_s) | adaptive(nodes, moving) | _loops(nodes)


def previous_name(node: str) -> str:
    """Name of what a node made at the step before."""
    return f"prev_{node}"


def emit_step(
    nodes: tuple[OrderedNode, ...],
    dt_s: float,
    entry: str,
    step: Fragment,
    *,
    moving: Mapping[str, MovingThreshold],
    once: Fragment | None = None,
    unchanging: Collection[str] = (),
) -> None:
    """Appends one time step to `step`; nodes in `unchanging` go to `once`, outside of time.

    Args:
        nodes: in computing order.
        dt_s: the Euler step.
        entry: tensor that holds the input.
        step: receives the operators of a step; its last tensor is `output`.
        moving: nodes whose threshold moves.
        once: receives what a static input makes the same at every step.
        unchanging: names of those nodes.
    """
    tensors: dict[str, str] = {nodes[0].name: entry}
    for node in nodes[1:]:
        fragment = once if once is not None and node.name in unchanging else step
        given = _summed(fragment, node, tensors)
        output = tensors[node.name] = f"y_{node.name}"
        if isinstance(node.node, nir.Output):
            fragment.compute("Identity", [given], OUTPUT)
        elif node.fires:
            emit_neuron(fragment, node, dt_s, given, output, moving.get(node.name))
        else:
            emit_linear(fragment, node, given, output)
    for source in _closing(nodes):
        step.compute("Identity", [tensors[source]], f"{previous_name(source)}_next")


def _summed(fragment: Fragment, node: OrderedNode, tensors: dict[str, str]) -> str:
    given = [tensors[source] for source in node.sources] + list(map(previous_name, node.delayed))
    total = given[0]
    for k, tensor in enumerate(given[1:]):
        total = fragment.compute("Add", [total, tensor], f"sum{k}_{node.name}")
    return total


def _closing(nodes: tuple[OrderedNode, ...]) -> tuple[str, ...]:
    """Nodes whose outputs the next step needs, in computing order."""
    needed = {source for node in nodes for source in node.delayed}
    return tuple(node.name for node in nodes if node.name in needed)


def _loops(nodes: tuple[OrderedNode, ...]) -> Shapes:
    shapes = {node.name: node.shape for node in nodes}
    return {previous_name(source): shapes[source] for source in _closing(nodes)}
