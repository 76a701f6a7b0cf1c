"""The nodes between the neurons, in an order in which each one's sources are known.

Once all spikes of a run are known, every loop is cut where its neurons fire; what is left has none.
"""

import nir

from export.graph_order import OrderedNode
from export.node_shape import LINEAR_KINDS
from hwsim.errors import VerificationError

BOUNDED = (*LINEAR_KINDS, nir.Conv1d, nir.Input, nir.Output)
"""Kinds of silent nodes whose error `hwsim.verify.linear_error` bounds."""


def silent_order(nodes: tuple[OrderedNode, ...]) -> tuple[OrderedNode, ...]:
    """The nodes that don't fire, Input first, sources of both steps before each.

    Args:
        nodes: in computing order.

    Raises:
        VerificationError: a loop in which nothing fires, or a node of another kind.
    """
    known = {node.name for node in nodes if node.fires}
    waiting = [node for node in nodes if not node.fires]
    order: list[OrderedNode] = []
    for node in waiting:
        if not isinstance(node.node, BOUNDED):
            raise VerificationError(
                f"NIR node '{node.name}': the error of {type(node.node).__name__} nodes isn't "
                "bounded, so runtimes that round can't be judged. Compare float64 runtimes only."
            )
    while waiting:
        ready = [node for node in waiting if {*node.sources, *node.delayed} <= known]
        if not ready:
            names = ", ".join(node.name for node in waiting)
            raise VerificationError(
                f"NIR graph: nothing fires in the loop of {names}, so rounding grows without "
                "bound. Put a spiking node into it."
            )
        order += ready
        known |= {node.name for node in ready}
        waiting = [node for node in waiting if node.name not in known]
    return tuple(order)
