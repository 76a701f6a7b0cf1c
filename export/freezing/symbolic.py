"""A module's forward as torch.fx sees it: its calls in order, and the shapes between them."""

from typing import Any

import torch
from torch import Tensor, fx, nn

from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing.torch_layers import Shape
from trainers.layer_tracer import FORWARD_FAULTS, LayerTracer

RESHAPES = (torch.flatten, torch.reshape, "flatten", "reshape", "view")
VIEWS = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)


def symbolic(body: nn.Module) -> fx.GraphModule:
    """Traces a forward; LIF and torch's own layers are single calls.

    Raises:
        UnsupportedLayer: it does what symbols can't: branching on values, iterating over tensors.
    """
    try:
        return fx.GraphModule(body, LayerTracer().trace(body))
    except FORWARD_FAULTS as error:
        raise UnsupportedLayer(
            f"network {type(body).__name__}: its forward can't be traced ({_reason(error)}). "
            "Let it only call layers and add their outputs."
        ) from error


def shapes(traced: fx.GraphModule, sample: Tensor) -> dict[fx.Node, Shape]:
    """Shape of every tensor in the forward, batch axis included; numbers have none.

    Raises:
        InvalidGraph: the sample doesn't fit.
    """
    recorder = _ShapeRecorder(traced, sample)
    with torch.no_grad():
        recorder.run(sample)
    return recorder.shapes


def called_layers(body: nn.Module) -> dict[str, nn.Module]:
    """The layers that a module's forward computes its output with, by path.

    Raises:
        UnsupportedLayer: the forward can't be traced.
    """
    traced = symbolic(body)
    needed = contributing(traced.graph)
    return {
        str(node.target): traced.get_submodule(str(node.target))
        for node in traced.graph.nodes
        if node in needed and node.op == "call_module"
    }


def contributing(graph: fx.Graph) -> set[fx.Node]:
    """Nodes that the output depends on; a head whose result is dropped isn't among them."""
    found: set[fx.Node] = set()
    waiting = [node for node in graph.nodes if node.op == "output"]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.all_input_nodes
    return found


def read_later(addition: fx.Node, traced: fx.GraphModule) -> bool:
    """Whether something after an addition in place reads the tensor it changes, or a view of it.

    Symbolic tracing would give those readers the values from before the addition.
    """
    order = {node: place for place, node in enumerate(traced.graph.nodes)}
    changed = [addition.all_input_nodes[0]]
    while _is_view(changed[0], traced):
        changed[0] = changed[0].all_input_nodes[0]
    for same in changed:
        changed += [reader for reader in same.users if _is_view(reader, traced)]
    return any(order[reader] > order[addition] for same in changed for reader in same.users)


def _is_view(node: fx.Node, traced: fx.GraphModule) -> bool:
    if node.op == "call_module":
        return isinstance(traced.get_submodule(str(node.target)), VIEWS)
    return node.target in RESHAPES


class _ShapeRecorder(fx.Interpreter):
    """Runs the traced forward and keeps the shape of every tensor in it, batch axis included."""

    def __init__(self, traced: fx.GraphModule, sample: Tensor) -> None:
        super().__init__(traced)
        self.extra_traceback = False
        self.sample_shape = tuple(sample.shape[1:])
        self.shapes: dict[fx.Node, Shape] = {}

    def run_node(self, n: fx.Node) -> Any:
        try:
            result = super().run_node(n)
        except FORWARD_FAULTS as error:
            where = f"layer '{n.target}'" if n.op == "call_module" else f"operation '{n.name}'"
            raise InvalidGraph(
                f"network input: a sample of shape {self.sample_shape} doesn't fit {where} "
                f"({_reason(error)}). Pass a sample as the network takes it."
            ) from error
        if isinstance(result, Tensor):
            self.shapes[n] = tuple(result.shape)
        return result


def _reason(error: BaseException) -> str:
    """The first sentence of torch's message."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].partition(". ")[0]
