"""A chip graph as a plain torch network in float64, and counts of what its layers did, by hooks.

Shares nothing with the emulator: convolutions and linear layers are torch's own, neurons follow the
rule in `export.chip.graph`, and whatever is counted is counted by hooks from what a layer is given
and gives back. All integers here stay far below 2^53, so float64 holds them exactly.
"""

from collections import defaultdict
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Population, Projection

HIGHEST = 2**23 - 1


class IntegerLIF(nn.Module):
    """Neurons with the chip's integers: takes synaptic sums and biases, gives spikes."""

    def __init__(self, population: Population) -> None:
        super().__init__()
        self.keep_u = 4096 - spread(population.decay_u, population)
        self.keep_v = 4096 - spread(population.decay_v, population)
        self.threshold = 64 * spread(population.threshold, population)
        self.u = self.v = torch.zeros(())

    def rest(self, samples: int) -> None:
        """State 0 for each sample."""
        self.u = torch.zeros((samples, *self.threshold.shape), dtype=torch.float64)
        self.v = torch.zeros_like(self.u)

    def forward(self, sums: Tensor, bias: Tensor) -> Tensor:
        """One step.

        Raises:
            AssertionError: u would wrap, which a plain network has no business with.
        """
        self.u = torch.trunc(self.u * self.keep_u / 4096) + 64 * sums
        assert self.u.abs().max() <= HIGHEST
        v = torch.trunc(self.v * self.keep_v / 4096) + self.u + 64 * bias
        v = v.clamp(-HIGHEST, HIGHEST)
        spikes = v > self.threshold
        self.v = torch.where(spikes, 0.0, v)
        return spikes.double()


class PlainNetwork(nn.Module):
    """A feed-forward chip graph without delays, each population in its own window.

    Args:
        graph: whose populations come in computing order.
    """

    def __init__(self, graph: ChipGraph) -> None:
        super().__init__()
        self.graph = graph
        self.neurons = nn.ModuleList(IntegerLIF(p) for p in graph.populations)
        self.synapses = nn.ModuleList(linear(graph, p) for p in graph.projections)

    def forward(self, samples: Tensor) -> Tensor:
        """Voltages of the last population after T steps of the same input, [N, classes]."""
        steps = self.graph.time_steps
        assert steps is not None
        for neurons in self.neurons:
            neurons.rest(len(samples))  # type: ignore[operator]
        for _ in range(steps):
            self.step(samples)
        voltages = self.neurons[-1].v
        assert isinstance(voltages, Tensor)
        return voltages

    def step(self, samples: Tensor) -> None:
        """One step of every population, in order."""
        driven = self.graph.input
        sent = {} if driven.form == "bias" else {driven.name: samples}
        for population, neurons in zip(self.graph.populations, self.neurons, strict=True):
            name = population.name
            biases = samples if driven.name == name else spread(population.bias, population)
            sums = torch.zeros((len(samples), *population.shape), dtype=torch.float64)
            for projection, synapses in zip(self.graph.projections, self.synapses, strict=True):
                if projection.target == name:
                    arriving = synapses(sent[projection.source])
                    sums = sums + arriving.reshape(sums.shape)
            sent[name] = neurons(sums, biases)


def spread(values: IntArray, population: Population) -> Tensor:
    """One value per neuron."""
    return torch.tensor(np.broadcast_to(values, population.shape).astype(np.float64))


def linear(graph: ChipGraph, projection: Projection) -> nn.Module:
    """The projection as torch's own layer."""
    weight = torch.tensor(projection.weight, dtype=torch.float64)
    made: nn.Module
    if isinstance(projection, ConvProjection):
        assert projection.delay == 0
        outputs, inputs, *kernel = weight.shape
        made = conv = nn.Conv2d(
            inputs * projection.groups, outputs, (kernel[0], kernel[1]), projection.stride,
            projection.padding, projection.dilation, projection.groups,
            bias=False, dtype=torch.float64,
        )  # fmt: skip
        conv.weight = nn.Parameter(weight)
        return made
    assert projection.delay is None
    dense = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=torch.float64)
    dense.weight = nn.Parameter(weight)
    return nn.Sequential(nn.Flatten(), dense)


class HookedCounts:
    """What hooks counted; attach before the network runs.

    Args:
        network: to be watched.

    `of` gives:
        spikes: population -> [N, T].
        active: population -> [N, T], neurons with u or v before the step, u in it, or a bias.
        neuron_spikes: population -> [T, neurons], over samples.
        neuron_active: population -> [T, neurons].
        stored: index of projection -> [N, T], synapses that spikes reach; where a kernel leaves the
            map there is none.
        non_zero: likewise, those with a weight other than 0.

    `edges` are, for stored and non_zero, each projection's layer with 1 for each such synapse.
    """

    edges: dict[str, list[nn.Module]]

    def __init__(self, network: PlainNetwork) -> None:
        self._steps: dict[str, dict[Any, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
        self._before: dict[str, Tensor] = {}
        for population, neurons in zip(network.graph.populations, network.neurons, strict=True):
            neurons.register_forward_pre_hook(self._remember(population.name))
            neurons.register_forward_hook(self._count_neurons(population.name))
        self.edges = {"stored": [], "non_zero": []}
        for index, synapses in enumerate(network.synapses):
            for key, edges in self.edges.items():
                edges.append(with_weights(synapses, zeros=key == "stored"))
            synapses.register_forward_hook(self._count_synops(index))

    def of(self, key: str) -> dict[Any, IntArray]:
        """What was counted under one of the names above."""
        axis = 0 if key.startswith("neuron") else 1
        return {
            name: torch.stack(steps, dim=axis).to(torch.int64).numpy()
            for name, steps in self._steps[key].items()
        }

    def _remember(self, name: str) -> Any:
        def hook(neurons: IntegerLIF, given: tuple[Tensor, Tensor]) -> None:
            self._before[name] = (neurons.u != 0) | (neurons.v != 0)

        return hook

    def _count_neurons(self, name: str) -> Any:
        def hook(neurons: IntegerLIF, given: tuple[Tensor, Tensor], fired: Tensor) -> None:
            active = self._before[name] | (neurons.u != 0) | (given[1] != 0)
            for key, events in (("spikes", fired.bool()), ("active", active)):
                flat = events.flatten(1)
                self._steps[key][name].append(flat.sum(dim=1))
                self._steps[f"neuron_{key}"][name].append(flat.sum(dim=0))

        return hook

    def _count_synops(self, index: int) -> Any:
        def hook(synapses: nn.Module, given: tuple[Tensor], sums: Tensor) -> None:
            events = (given[0] != 0).double()
            for key, edges in self.edges.items():
                self._steps[key][index].append(edges[index](events).flatten(1).sum(dim=1))

        return hook


def with_weights(synapses: nn.Module, *, zeros: bool) -> nn.Module:
    """The same layer with 1 for each synapse, or only for those whose weight isn't zero."""
    edges = deepcopy(synapses)
    for weight in edges.parameters():
        weight.data = torch.ones_like(weight) if zeros else (weight != 0).to(weight.dtype)
    return edges
