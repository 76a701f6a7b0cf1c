"""Events of a network in the float executor: spikes and synaptic operations per layer and step.

A synaptic operation is a stored weight (zeros included) that an arriving spike meets, as on the
chip. It is counted by running the spikes once more through weights of 1: the sum of what comes out
of a layer's weights is how many of them were met. Only spikes count: analog values cost no event,
the network's input where it isn't spikes, and whatever comes out of weights or leaky integrators.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.executor import Run
from export.executor.course import stateful
from export.executor.linear import linear_operation
from export.executor.run import over_time, summed
from export.graph_order import OrderedNode

IntArray = NDArray[np.int64]

WEIGHTED = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)
PASSING = (nir.Flatten, nir.SumPool2d, nir.AvgPool2d, nir.Scale, nir.Output)
"""Nodes behind which spikes are still spikes; a Scale changes their size, not their number."""


@dataclass(frozen=True)
class Layer:
    """A population of the report.

    Args:
        name: of the neuron node, or of the Output behind the last weights.
        shape: of the population.
        weights: nodes whose weights lead to it.
        synapses: connections that these hold.
    """

    name: str
    shape: tuple[int, ...]
    weights: tuple[str, ...]
    synapses: int


def layers_of(nodes: tuple[OrderedNode, ...]) -> tuple[Layer, ...]:
    """Every population with the weights that lead to it, in computing order.

    Weights that lead to several populations belong to the first.
    """
    owner = {node.name: _owner(node.name, nodes) for node in nodes if _weighted(node)}
    ends = [node for node in nodes if node.fires or node.name in owner.values()]
    found = []
    for node in ends:
        weights = tuple(name for name, to in owner.items() if to == node.name)
        count = sum(_connections(of) for of in nodes if of.name in weights)
        found.append(Layer(node.name, node.shape, weights, count))
    return tuple(found)


class EventCounter:
    """Counts the events of runs of one network.

    Args:
        nodes: of the network, in computing order.
        dt_s: its step.
    """

    def __init__(self, nodes: tuple[OrderedNode, ...], dt_s: float) -> None:
        self.nodes, self.layers, self._dt_s = nodes, layers_of(nodes), dt_s
        self._ones: dict[str, Callable[[Tensor], Tensor]] = {
            node.name: linear_operation(_of_ones(node))
            for node in nodes
            if isinstance(node.node, (*WEIGHTED, nir.SumPool2d, nir.AvgPool2d, nir.Flatten))
        }

    def spikes(self, run: Run) -> IntArray:
        """[N, T, layers]; 0 for an Output that no neuron is."""
        return np.stack([self._spikes_of(layer, run) for layer in self.layers], axis=-1)

    @torch.no_grad()
    def synops(self, run: Run, inputs: Tensor | None) -> IntArray:
        """[N, T, layers] by the step in which the weights are met.

        Args:
            run: what the executor did.
            inputs: [T, N, *shape] where they are spikes; None where they aren't.
        """
        met: dict[str, IntArray] = {}
        steps, samples = run.outputs.shape[:2]
        signal: dict[str, Tensor] = {}
        for node in self.nodes:
            if node.fires:
                signal[node.name] = torch.from_numpy(run.spikes[node.name]).double()
        for node in self.nodes:
            if node.fires:
                continue
            if isinstance(node.node, nir.Input):
                none = torch.zeros((steps, samples, *node.shape), dtype=torch.float64)
                signal[node.name] = none if inputs is None else inputs.expand(none.shape)
                continue
            given = self._given(node, signal)
            if node.name in self._ones:
                given = over_time(self._ones[node.name], given)
            if _weighted(node):
                met[node.name] = _per_step(given)
            if isinstance(node.node, nir.Delay):
                signal[node.name] = self._delayed(node, given)
            elif isinstance(node.node, PASSING):
                signal[node.name] = given
            else:
                signal[node.name] = torch.zeros((steps, samples, *node.shape), dtype=torch.float64)
        nothing = np.zeros((samples, steps), dtype=np.int64)
        return np.stack(
            [sum((met[name] for name in layer.weights), nothing) for layer in self.layers], axis=-1
        )

    def _spikes_of(self, layer: Layer, run: Run) -> IntArray:
        found = run.spikes.get(layer.name)
        steps, samples = run.outputs.shape[:2]
        if found is None:
            return np.zeros((samples, steps), dtype=np.int64)
        return _per_step(torch.from_numpy(found))

    def _given(self, node: OrderedNode, signal: dict[str, Tensor]) -> Tensor:
        return summed(
            [
                *(signal[source] for source in node.sources),
                *(_a_step_later(signal[source]) for source in node.delayed),
            ]
        )

    def _delayed(self, node: OrderedNode, given: Tensor) -> Tensor:
        course = stateful(node, self._dt_s)(torch.zeros_like(given[0]), len(given))
        return torch.stack([course.step(t, given[t]) for t in range(len(given))])


def _weighted(node: OrderedNode) -> bool:
    return isinstance(node.node, WEIGHTED)


def _owner(name: str, nodes: tuple[OrderedNode, ...]) -> str:
    """The first population or Output that a node's weights lead to."""
    reached = {name}
    while True:
        ends = [node for node in nodes if reached & {*node.sources, *node.delayed}]
        for node in ends:
            if node.fires or isinstance(node.node, nir.Output):
                return node.name
        reached |= {node.name for node in ends}


def _of_ones(ordered: OrderedNode) -> OrderedNode:
    """The node with weights of 1 and no bias; a mean becomes a sum."""
    node: Any = ordered.node
    if isinstance(node, nir.Affine | nir.Linear):
        node = nir.Linear(np.ones(node.weight.shape))
    elif isinstance(node, nir.Conv1d | nir.Conv2d):
        node = type(node)(
            input_shape=node.input_shape,
            weight=np.ones(node.weight.shape),
            stride=node.stride,
            padding=node.padding,
            dilation=node.dilation,
            groups=node.groups,
            bias=np.zeros(len(node.weight)),
        )
    elif isinstance(node, nir.AvgPool2d):
        node = nir.SumPool2d(node.kernel_size, node.stride, node.padding)
    return OrderedNode(
        ordered.name, node, ordered.sources, ordered.given, ordered.shape, ordered.delayed
    )


def _connections(ordered: OrderedNode) -> int:
    ones = torch.ones((1, *ordered.given), dtype=torch.float64)
    return int(linear_operation(_of_ones(ordered))(ones).sum())


def _a_step_later(signal: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(signal[:1]), signal[:-1]])


def _per_step(values: Tensor) -> IntArray:
    """[T, N, *shape] to [N, T] whole numbers."""
    counts: IntArray = values.flatten(2).sum(dim=2).T.round().long().numpy()
    return counts
