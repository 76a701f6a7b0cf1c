"""Runs a frozen network as NIR's equations say, in float64, layer by layer over all steps."""

from math import prod

import nir
import numpy as np
import torch
from torch import Tensor

from export.executor.course import Course, Start, stateful
from export.executor.linear import Operation, linear_operation
from export.executor.neuron import Firing, Neuron, neuron
from export.executor.recorded import Recorded, Run
from export.executor.samples import Samples, check_samples, time_major
from export.graph_order import OrderedNode, in_order
from export.moving_threshold import moving_threshold
from export.nir_metadata import FrozenFacts, read_facts

BATCH_BYTES = 1 << 28
"""What one node's float64 output over all steps may take when the caller names no batch size."""


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
    nodes = in_order(graph, unfolded=True, loops=True)
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
            node.name: neuron(
                node,
                facts.dt_s,
                moving_threshold(facts, node.name),
                facts.resets.get(node.name, "zero"),
            )
            for node in nodes
            if node.fires
        }
        self.starts: dict[str, Start] = {
            node.name: stateful(node, facts.dt_s)
            for node in nodes
            if node.has_state and not node.fires
        }
        self.linear: dict[str, Operation] = {
            node.name: linear_operation(node)
            for node in nodes
            if not (node.fires or node.has_state or isinstance(node.node, nir.Input | nir.Output))
        }

    @torch.no_grad()
    def run(self, inputs: Samples) -> Run:
        """One batch."""
        start = torch.from_numpy(np.ascontiguousarray(time_major(inputs, self.facts)))
        if any(node.delayed for node in self.nodes):
            return self._by_steps(start)
        return self._by_layers(start)

    def _by_layers(self, start: Tensor) -> Run:
        """All steps of a node at once: signals are [T, N, *shape], T = 1 before any neuron."""
        done = Recorded(self.steps, self.record)
        signal: dict[str, Tensor] = {self.nodes[0].name: start}
        for node in self.nodes[1:]:
            given = summed([signal[source] for source in node.sources])
            if node.name in self.linear:
                signal[node.name] = over_time(self.linear[node.name], given)
                continue
            given = given.expand(self.steps, *given.shape[1:])
            if node.fires:
                firing = Firing(self.neurons[node.name], torch.zeros_like(given[0]), self.steps)
                for t in range(self.steps):
                    done.add(node.name, t, firing.step(t, given[t]), firing)
                signal[node.name] = done.spikes[node.name].double()
            elif node.has_state:
                course = self.starts[node.name](torch.zeros_like(given[0]), self.steps)
                signal[node.name] = torch.stack(
                    [course.step(t, given[t]) for t in range(self.steps)]
                )
            else:
                signal[node.name] = given
        return done.as_run(signal[self.nodes[-1].name])

    def _by_steps(self, start: Tensor) -> Run:
        """All nodes of a step, then the next one: what a loop needs. Signals are [N, *shape]."""
        done = Recorded(self.steps, self.record)
        frames = start.expand(self.steps, *start.shape[1:])
        courses = {node.name: self._begun(node, len(frames[0])) for node in self.nodes}
        before: dict[str, Tensor] = {}
        outputs = []
        for t in range(self.steps):
            signal: dict[str, Tensor] = {self.nodes[0].name: frames[t]}
            for node in self.nodes[1:]:
                returning = [before[source] for source in node.delayed] if t else []
                given = summed([*(signal[source] for source in node.sources), *returning])
                course = courses[node.name]
                if isinstance(course, Firing):
                    fired = course.step(t, given)
                    done.add(node.name, t, fired, course)
                    signal[node.name] = fired.double()
                elif course is not None:
                    signal[node.name] = course.step(t, given)
                else:
                    operation = self.linear.get(node.name)
                    signal[node.name] = given if operation is None else operation(given)
            before = signal
            outputs.append(signal[self.nodes[-1].name])
        return done.as_run(torch.stack(outputs))

    def _begun(self, node: OrderedNode, samples: int) -> Firing | Course | None:
        """The node's state before the first step; None for one that has none."""
        rest = torch.zeros(samples, *node.shape, dtype=torch.float64)
        if node.fires:
            return Firing(self.neurons[node.name], rest, self.steps)
        start = self.starts.get(node.name)
        return None if start is None else start(rest, self.steps)


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
