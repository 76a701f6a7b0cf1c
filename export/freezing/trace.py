"""From a torch module to a float graph, by symbolic tracing.

Our LIF and torch's own layers are leaves; a user's modules are traced through, so any forward
that only calls layers, adds their outputs and flattens them works.
"""

import operator
from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn

from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing.float_graph import (
    AGAIN,
    Flatten,
    FloatGraph,
    Layer,
    Operation,
    Sink,
    Source,
    Sum,
)
from export.freezing.torch_layers import KNOWN, SAME_EVERYWHERE, Shape, read_layer, read_neuron
from trainers.neurons.lif import LIF

ADDITIONS = (operator.add, torch.add, "add")
IN_PLACE = (operator.iadd, "add_")
RESHAPES = (torch.flatten, torch.reshape, "flatten", "reshape", "view")
VIEWS = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)

USER_FAULTS = (
    RuntimeError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    AssertionError,
)
"""What a forward raises when it is given symbols, or a sample of the wrong shape."""


def trace(body: nn.Module, sample: Tensor, thresholds: dict[str, float]) -> FloatGraph:
    """Traces a module that takes `sample` [N, ...] and reads its weights as float64.

    Args:
        body: the module inside a SpikingNetwork, in evaluation mode.
        sample: one input per step, [T, ...] for one sample, to propagate shapes.
        thresholds: constant threshold of each LIF, by module path.

    Raises:
        UnsupportedLayer: a layer or operation that NIR or the chip has no word for.
        InvalidGraph: a weight is NaN or infinite, or the sample doesn't fit the module.
    """
    traced = _symbolic(body)
    shapes = _shapes(traced, sample)
    forward = _Forward(traced, shapes, len(sample), thresholds)
    return forward.read()


def called_layers(body: nn.Module) -> dict[str, nn.Module]:
    """The layers that a module's forward computes its output with, by path.

    Raises:
        UnsupportedLayer: the forward can't be traced.
    """
    traced = _symbolic(body)
    return {
        str(node.target): traced.get_submodule(str(node.target))
        for node in _contributing(traced.graph)
        if node.op == "call_module"
    }


class _LayerTracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LIF) or super().is_leaf_module(m, module_qualified_name)


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
        except USER_FAULTS as error:
            where = f"layer '{n.target}'" if n.op == "call_module" else f"operation '{n.name}'"
            raise InvalidGraph(
                f"network input: a sample of shape {self.sample_shape} doesn't fit {where} "
                f"({_first_line(error)}). Pass a sample as the network takes it."
            ) from error
        if isinstance(result, Tensor):
            self.shapes[n] = tuple(result.shape)
        return result


@dataclass(frozen=True)
class _Forward:
    """A traced forward, ready to be read.

    Args:
        traced: its operations.
        shapes: of every tensor, batch axis included.
        batch: length of the batch axis.
        thresholds: constant threshold of each LIF, by module path.
    """

    traced: fx.GraphModule
    shapes: dict[fx.Node, Shape]
    batch: int
    thresholds: dict[str, float]

    def read(self) -> FloatGraph:
        """The layers that contribute to the output; what does nothing in evaluation is left out."""
        self._refuse_shared()
        contributing = _contributing(self.traced.graph)
        names: dict[fx.Node, str] = {}
        calls = Counter[str]()
        layers = []
        for node in self.traced.graph.nodes:
            if node not in self.shapes and node.op != "output":
                # A number (a size), not a signal: only reshaping can use it, judged by its result.
                continue
            signals = [source for source in node.all_input_nodes if source in self.shapes]
            operation = self._operation(node, signals)
            if operation is None:
                names[node] = names[signals[0]]
                continue
            names[node] = _name(node, calls)
            inputs = tuple(names[source] for source in signals)
            if node in contributing:
                layers.append(Layer(names[node], operation, inputs, self._shape(node)))
        return FloatGraph(tuple(layers))

    def _operation(self, node: fx.Node, signals: list[fx.Node]) -> Operation | None:
        if node.op == "placeholder":
            return Source()
        if node.op == "output":
            return self._sink(node)
        if node.op == "call_module":
            return self._layer(node, signals[0])
        if node.target in (*ADDITIONS, *IN_PLACE) and len(signals) == 2 and not node.kwargs:
            return self._sum(node, signals)
        if node.target in RESHAPES and len(signals) == 1:
            given = self._shape(signals[0])
            if self._shape(node) == (prod(given),):
                return Flatten() if len(given) > 1 else None
        raise UnsupportedLayer(
            f"network: operation '{node.name}' ({node.op} of {_spell(node.target)}) has no "
            f"equivalent in the frozen network. Known: {KNOWN}, adding two tensors, "
            "torch.flatten(x, 1)."
        )

    def _layer(self, node: fx.Node, source: fx.Node) -> Operation | None:
        path = str(node.target)
        module = self.traced.get_submodule(path)
        if isinstance(module, LIF):
            return read_neuron(path, module, self.thresholds[path])
        return read_layer(path, module, self._shape(source))

    def _sum(self, node: fx.Node, signals: list[fx.Node]) -> Sum:
        if self.shapes[signals[0]] != self.shapes[signals[1]]:
            shapes = " and ".join(str(self._shape(source)) for source in signals)
            raise UnsupportedLayer(
                f"network: operation '{node.name}' adds tensors of shapes {shapes}, and a frozen "
                "network adds equal shapes only. Bring both to one shape."
            )
        if node.target in IN_PLACE and _read_elsewhere(node.args[0], self.traced):
            raise UnsupportedLayer(
                f"network: operation '{node.name}' adds in place to a tensor that something else "
                "reads too. Write x = x + y."
            )
        return Sum()

    def _sink(self, node: fx.Node) -> Sink:
        if node not in self.shapes:
            returned = type(node.args[0]).__name__
            raise UnsupportedLayer(
                f"network: its forward returns a {returned}, not one tensor. Return the output "
                "currents [N, classes] alone."
            )
        if len(self._shape(node)) != 1:
            raise UnsupportedLayer(
                f"network: its forward returns [N, {', '.join(map(str, self._shape(node)))}], but "
                "a frozen network's output is [N, classes]. End it with nn.Flatten()."
            )
        return Sink()

    def _shape(self, node: fx.Node) -> Shape:
        """Shape without the batch axis."""
        batch, *shape = self.shapes[node] or (0,)
        if batch != self.batch:
            raise UnsupportedLayer(
                f"network: '{node.target}' makes {tuple(self.shapes[node])} of {self.batch} "
                "samples, so it mixes them. Keep the first axis apart, as torch.flatten(x, 1) does."
            )
        return tuple(shape)

    def _refuse_shared(self) -> None:
        calls = Counter(
            str(node.target) for node in self.traced.graph.nodes if node.op == "call_module"
        )
        for path, count in calls.items():
            module = self.traced.get_submodule(path)
            if count > 1 and not isinstance(module, SAME_EVERYWHERE):
                raise UnsupportedLayer(
                    f"layer '{path}' ({type(module).__name__}): is called {count} times, but each "
                    "place in a frozen network has weights and thresholds of its own. Make one "
                    "layer for each place."
                )


def _symbolic(body: nn.Module) -> fx.GraphModule:
    try:
        return fx.GraphModule(body, _LayerTracer().trace(body))
    except USER_FAULTS as error:
        raise UnsupportedLayer(
            f"network {type(body).__name__}: its forward can't be traced ({_first_line(error)}). "
            "Let it only call layers and add their outputs."
        ) from error


def _shapes(traced: fx.GraphModule, sample: Tensor) -> dict[fx.Node, Shape]:
    recorder = _ShapeRecorder(traced, sample)
    with torch.no_grad():
        recorder.run(sample)
    return recorder.shapes


def _contributing(graph: fx.Graph) -> set[fx.Node]:
    """Nodes that the output depends on; a head whose result is dropped isn't among them."""
    found: set[fx.Node] = set()
    waiting = [node for node in graph.nodes if node.op == "output"]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.all_input_nodes
    return found


def _read_elsewhere(target: Any, traced: fx.GraphModule) -> bool:
    """Whether a tensor that is about to be overwritten, or one it is a view of, has other readers.

    Symbolic tracing doesn't see that overwriting changes what those readers get.
    """
    while isinstance(target, fx.Node):
        if len(target.users) > 1:
            return True
        module = traced.get_submodule(str(target.target)) if target.op == "call_module" else None
        if not isinstance(module, VIEWS) and target.target not in RESHAPES:
            return False
        target = target.args[0]
    return False


def _name(node: fx.Node, calls: Counter[str]) -> str:
    """The module's path, which no call of a function can have; both differ in every place."""
    if node.op != "call_module":
        return f"{node.name}()"
    path = str(node.target)
    calls[path] += 1
    return path if calls[path] == 1 else f"{path}{AGAIN}{calls[path]})"


def _spell(target: Any) -> str:
    return str(getattr(target, "__name__", target))


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
