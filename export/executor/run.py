"""Runs a frozen network as NIR's equations say, in float64, layer by layer over all steps."""

from dataclasses import dataclass, field, replace
from math import prod

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.executor.linear import Operation, linear_operation
from export.executor.neuron import Neuron, fire, neuron
from export.executor.samples import Samples, check_samples, time_major
from export.graph_order import OrderedNode, in_order
from export.moving_threshold import moving_threshold
from export.nir_metadata import FrozenFacts, read_facts

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BATCH_BYTES = 1 << 28
"""What one node's float64 output over all steps may take when the caller names no batch size."""


@dataclass(frozen=True)
class Run:
    """What a frozen network did with N samples in T steps.

    Args:
        outputs: float64 [T, N, classes], the graph's output at each step.
        spikes: per spiking node, bool [T, N, *shape].
        membranes: per spiking node, v before the reset in the file's own units, float64
            [T, N, *shape]; empty unless asked for.
        thresholds: per spiking node whose threshold moves, what v was compared with, as membranes.
    """

    outputs: FloatArray
    spikes: dict[str, BoolArray]
    membranes: dict[str, FloatArray] = field(default_factory=dict)
    thresholds: dict[str, FloatArray] = field(default_factory=dict)


def run_graph(
    graph: nir.NIRGraph,
    inputs: Samples,
    *,
    time_steps: int | None = None,
    record: bool = False,
    batch_size: int | None = None,
) -> Run:
    """Runs samples through the network; no number depends on the batch size.

    Args:
        graph: with the facts of `export.nir_metadata`, whose dt is the Euler step.
        inputs: [N, *shape] for a static input, [N, T, *shape] for a sequence.
        time_steps: T, if another than the file's.
        record: keep the membranes before each reset, and the thresholds that move.
        batch_size: samples at once; None chooses by memory.

    Raises:
        InvalidGraph: the graph contradicts itself or lacks the facts.
        UnsupportedLayer: a node of a kind this executor doesn't run.
        DataError: inputs of the wrong shape, or with NaN or infinity.
    """
    facts = read_facts(graph)
    nodes = in_order(graph, unfolded=True)
    steps = facts.time_steps if time_steps is None else time_steps
    check_samples(inputs, nodes, facts, steps)
    network = _Network(nodes, facts, steps, record)
    size = batch_size or _batch_size(nodes, steps)
    parts = [network.run(inputs[first : first + size]) for first in range(0, len(inputs), size)]
    return _joined(parts)


class _Network:
    """The graph's nodes as torch functions."""

    def __init__(
        self, nodes: tuple[OrderedNode, ...], facts: FrozenFacts, steps: int, record: bool
    ) -> None:
        self.nodes, self.facts, self.steps, self.record = nodes, facts, steps, record
        self.neurons: dict[str, Neuron] = {
            node.name: neuron(node, facts.dt_s, moving_threshold(facts, node.name))
            for node in nodes
            if node.fires
        }
        self.linear: dict[str, Operation] = {
            node.name: linear_operation(node)
            for node in nodes
            if not node.fires and not isinstance(node.node, nir.Input | nir.Output)
        }

    @torch.no_grad()
    def run(self, inputs: Samples) -> Run:
        """One batch: the tensors between nodes are [T, N, *shape], T = 1 before any neuron."""
        done = Run(np.empty(0), {})
        start = torch.from_numpy(np.ascontiguousarray(time_major(inputs, self.facts)))
        signal: dict[str, Tensor] = {self.nodes[0].name: start}
        for node in self.nodes[1:]:
            given = summed([signal[source] for source in node.sources])
            if node.fires:
                signal[node.name] = self._fire(node, given, done).double()
            elif node.name in self.linear:
                signal[node.name] = over_time(self.linear[node.name], given)
            else:
                signal[node.name] = given.expand(self.steps, *given.shape[1:])
        return replace(done, outputs=signal[self.nodes[-1].name].numpy())

    def _fire(self, node: OrderedNode, current: Tensor, done: Run) -> Tensor:
        """Spikes of a population, which are entered in `done` with what is recorded of it."""
        shape, cell = (self.steps, *current.shape[1:]), self.neurons[node.name]
        kept: dict[str, Tensor] = {}
        if self.record:
            kept["membranes"] = torch.empty(shape, dtype=torch.float64)
        if self.record and cell.moving is not None:
            kept["thresholds"] = torch.empty(shape, dtype=torch.float64)
        fired = fire(cell, current, self.steps, **kept)
        done.spikes[node.name] = fired.numpy()
        for key, values in kept.items():
            getattr(done, key)[node.name] = values.numpy()
        return fired


def summed(signals: list[Tensor]) -> Tensor:
    """Several edges into one node: their sum, in computing order."""
    total = signals[0]
    for signal in signals[1:]:
        total = total + signal
    return total


def over_time(operation: Operation, signal: Tensor) -> Tensor:
    """A memoryless operation on [T, N, ...], all steps at once."""
    times, samples = signal.shape[:2]
    result: Tensor = operation(signal.flatten(0, 1)).unflatten(0, (times, samples))
    return result


def _batch_size(nodes: tuple[OrderedNode, ...], steps: int) -> int:
    largest = max(prod(node.shape) for node in nodes)
    return max(1, BATCH_BYTES // (8 * steps * largest))


def _joined(parts: list[Run]) -> Run:
    return Run(
        outputs=np.concatenate([part.outputs for part in parts], axis=1),
        spikes={
            name: np.concatenate([part.spikes[name] for part in parts], axis=1)
            for name in parts[0].spikes
        },
        membranes={
            name: np.concatenate([part.membranes[name] for part in parts], axis=1)
            for name in parts[0].membranes
        },
        thresholds={
            name: np.concatenate([part.thresholds[name] for part in parts], axis=1)
            for name in parts[0].thresholds
        },
    )
