"""A chip graph as a torch network that the package neurobench can run and hook."""

import numpy as np
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, ParameterCount
from neurobench.metrics.workload import (
    ActivationSparsity,
    ClassificationAccuracy,
    MembraneUpdates,
    SynapticOperations,
)
from neurobench.models import SNNTorchModel
from snntorch import SpikingNeuron
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Population, Projection
from export.chip.timing import timing_of

STATIC = [ParameterCount, ConnectionSparsity]
WORKLOAD = [ActivationSparsity, MembraneUpdates, SynapticOperations, ClassificationAccuracy]


class ChipNeurons(SpikingNeuron):  # type: ignore[misc]
    """The chip's neuron on integers in float64; `mem` is its voltage after each step."""

    def __init__(self, population: Population) -> None:
        super().__init__()
        self.population = population
        self.bias = nn.Parameter(integers(population.bias)) if population.bias.any() else None
        self.clear()

    def clear(self) -> None:
        """Zero state."""
        self.u = torch.zeros(1, *self.population.shape, dtype=torch.float64)
        self.mem = self.u.clone()

    def forward(self, current: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """One step on synaptic sums, and on biases from outside."""
        p = self.population
        added = current.new_zeros(1) if self.bias is None else self.bias
        added = added if bias is None else added + bias
        self.u = kept(self.u, p.decay_u) + current * 64
        voltage = kept(self.mem, p.decay_v) + self.u + added * 64
        spikes = (voltage > integers(p.threshold) * 64).double()
        self.mem = voltage * (1 - spikes)
        return spikes, self.mem


class ChipNetwork(nn.Module):
    """Projections as Conv2d and Linear, populations that fire as neurons, readouts as sums."""

    def __init__(self, graph: ChipGraph) -> None:
        super().__init__()
        self.graph, self.timing = graph, timing_of(graph)
        silent = {readout.population for readout in graph.readouts}
        self.projections = nn.ModuleList(layer(projection) for projection in graph.projections)
        self.neurons = nn.ModuleDict(
            {p.name: ChipNeurons(p) for p in graph.populations if p.name not in silent}
        )
        self.last: dict[str, Tensor] = {}

    def reset(self) -> None:
        """Zero state, and no spikes under way."""
        self.last = {}
        for neurons in self.neurons.values():
            assert isinstance(neurons, ChipNeurons)
            neurons.clear()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """One step: events or biases in, the last population's spikes or current out."""
        sent = {} if self.graph.input.form == "bias" else {self.graph.input.name: x}
        for name in self.timing.order:
            total = self.current(name, sent, len(x))
            if name not in self.neurons:
                sent[name] = total
                continue
            written = x if name == self.graph.input.name else None
            sent[name], _ = self.neurons[name](total, written)
        self.last = sent
        return sent[name], sent[name]

    def current(self, name: str, sent: dict[str, Tensor], samples: int) -> Tensor:
        """What arrives at a population: feedback brings spikes of the step before."""
        total = torch.zeros(samples, *self.graph.population(name).shape, dtype=torch.float64)
        for k, projection in enumerate(self.graph.projections):
            if projection.target != name:
                continue
            spikes = (self.last if k in self.timing.feedback else sent).get(projection.source)
            if spikes is None:
                spikes = torch.zeros(samples, *self.graph.source_shape(projection.source)).double()
            flat = not isinstance(projection, ConvProjection)
            total += self.projections[k](spikes.flatten(1) if flat else spikes).view_as(total)
        return total


def layer(projection: Projection) -> nn.Module:
    """The torch layer with the projection's weights."""
    weight = projection.weight
    made: nn.Module
    if isinstance(projection, ConvProjection):
        made = nn.Conv2d(
            weight.shape[1] * projection.groups,
            weight.shape[0],
            weight.shape[2:],
            projection.stride,
            projection.padding,
            projection.dilation,
            projection.groups,
            bias=False,
        )
    else:
        made = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    made.weight = nn.Parameter(integers(weight))
    return made


def integers(values: IntArray) -> Tensor:
    """Integers as float64, in which all of the network's sums are exact."""
    return torch.from_numpy(np.asarray(values, dtype=np.float64))


def kept(state: Tensor, decay: IntArray) -> Tensor:
    """rtz(state * (4096 - decay) / 4096)."""
    return torch.trunc(state * (4096 - integers(decay)) / 4096)


def judged(
    graph: ChipGraph, inputs: IntArray, labels: IntArray, batch_size: int
) -> dict[str, float]:
    """What neurobench's own Benchmark says; operations under their own names.

    Args:
        graph: the network.
        inputs: [N, T, *shape], events or biases of each step.
        labels: [N].
        batch_size: samples at once.
    """
    data = TensorDataset(torch.from_numpy(inputs).double(), torch.from_numpy(labels))
    benchmark = Benchmark(
        SNNTorchModel(ChipNetwork(graph)),
        DataLoader(data, batch_size),
        [],
        [lambda outputs: outputs.sum(dim=1).flatten(1).argmax(dim=1)],
        [STATIC, WORKLOAD],
    )
    with torch.no_grad():
        found = benchmark.run(quiet=True)
    return {**found, **found.pop("SynapticOperations")}
