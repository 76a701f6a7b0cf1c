"""The nodes of a frozen network as ONNX operators, one time step."""

from collections.abc import Collection, Mapping

import nir

from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.onnx.fragment import Fragment
from export.onnx.linear import emit_linear
from export.onnx.neuron import emit_neuron

OUTPUT = "output"
"""The network's output at one step."""


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


def _summed(fragment: Fragment, node: OrderedNode, tensors: dict[str, str]) -> str:
    total = tensors[node.sources[0]]
    for k, source in enumerate(node.sources[1:]):
        total = fragment.compute("Add", [total, tensors[source]], f"sum{k}_{node.name}")
    return total
