"""From a torch module to a float graph, by symbolic tracing.

Our LIF and torch's own layers are leaves; a user's modules are traced through, so any forward
that only calls layers, adds their outputs and flattens them works.
"""

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn

from export.errors import UnsupportedLayer
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
from export.freezing.symbolic import RESHAPES, contributing, read_later, shapes, symbolic
from export.freezing.torch_layers import KNOWN, SAME_EVERYWHERE, Shape, read_layer, read_neuron
from trainers.neurons.lif import LIF

ADDITIONS = (operator.add, torch.add, "add")
IN_PLACE = (operator.iadd, "add_")


def trace(body: nn.Module, sample: Tensor, thresholds: Mapping[str, float]) -> FloatGraph:
    """Traces a module that takes `sample` [N, ...] and reads its weights as float64.

    Args:
        body: the module inside a SpikingNetwork, in evaluation mode.
        sample: one input per step, [T, ...] for one sample, to propagate shapes.
        thresholds: threshold of each LIF at unit input gain, by module path.

    Raises:
        UnsupportedLayer: a layer or operation that NIR or the chip has no word for.
        InvalidGraph: a weight is NaN or infinite, or the sample doesn't fit the module.
    """
    traced = symbolic(body)
    return _Forward(traced, shapes(traced, sample), len(sample), thresholds).read()


@dataclass(frozen=True)
class _Forward:
    """A traced forward, ready to be read.

    Args:
        traced: its operations.
        shapes: of every tensor, batch axis included.
        batch: length of the batch axis.
        thresholds: threshold of each LIF at unit input gain, by module path.
    """

    traced: fx.GraphModule
    shapes: dict[fx.Node, Shape]
    batch: int
    thresholds: Mapping[str, float]

    def read(self) -> FloatGraph:
        """The layers that contribute to the output; what does nothing in evaluation is left out."""
        self._refuse_shared()
        needed = contributing(self.traced.graph)
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
            if node in needed:
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
        if node.target in IN_PLACE and read_later(node, self.traced):
            raise UnsupportedLayer(
                f"network: operation '{node.name}' adds in place to a tensor that is read again "
                "later. Write x = x + y."
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
                f"network: '{_spell(node.target)}' makes {self.shapes[node]} of {self.batch} "
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


def _name(node: fx.Node, calls: Counter[str]) -> str:
    """The module's path, or a function's name in a form that no path has; unique in each place."""
    if node.op != "call_module":
        return f"{node.name}()"
    path = str(node.target)
    calls[path] += 1
    return path if calls[path] == 1 else f"{path}{AGAIN}{calls[path]})"


def _spell(target: Any) -> str:
    return str(getattr(target, "__name__", target))
