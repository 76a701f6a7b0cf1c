"""Random small chip graphs with ways of different lengths, and what they compute in step.

`in_step` is the arithmetic of training: spikes of step t reach every later layer within step t.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    InputForm,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.timing import timing_of
from tests import chip_oracle

FORMS: tuple[InputForm, ...] = ("bias", "spikes", "graded")
STEPS = 5


@dataclass
class Residual:
    """A network in the making: sums of ways meet in every population."""

    seed: int
    form: InputForm
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.shapes: dict[str, tuple[int, ...]] = {"in": (2, 3, 4)}
        if self.form == "bias":
            self.add("in", (2, 3, 4), bias=False)

    def add(self, name: str, shape: tuple[int, ...], *, bias: bool = True) -> None:
        """A population with parameters of its own; biases differ by channel or by neuron."""
        rng = self.rng
        per = (shape[0], 1, 1) if len(shape) == 3 else shape
        self.shapes[name] = shape
        self.populations.append(
            Population(
                name,
                shape,
                decay_u=np.array(rng.choice([4096, 4096, 2800])),
                decay_v=np.array(rng.integers(0, 4097)),
                threshold=np.array(rng.integers(30, 110)),
                bias=rng.integers(-15, 40, per) if bias else np.array(0),
            )
        )

    def conv(self, source: str, target: str, channels: int) -> None:
        """3x3, 1x1 or an identity; the target must have the source's rows and columns."""
        inputs = self.shapes[source][0]
        kind = self.rng.choice(["3x3", "1x1", "identity"] if inputs == channels else ["3x3", "1x1"])
        if kind == "identity":
            weight = np.full((channels, 1, 1, 1), 2 * int(self.rng.integers(5, 60)))
            self.projections.append(ConvProjection(source, target, weight, groups=channels))
            return
        size = int(kind[0])
        weight = 2 * self.rng.integers(-15, 25, (channels, inputs, size, size))
        zeros = (size // 2, size // 2)
        self.projections.append(ConvProjection(source, target, weight, padding=zeros))

    def dense(self, source: str, target: str, low: int = -15, high: int = 20) -> None:
        """All-to-all."""
        size = int(np.prod(self.shapes[target])), int(np.prod(self.shapes[source]))
        self.projections.append(
            DenseProjection(source, target, 2 * self.rng.integers(low, high, size))
        )

    def pooled(self, source: str, name: str) -> None:
        """A smaller population behind a strided convolution, as at a new stage."""
        weight = 2 * self.rng.integers(-15, 25, (3, self.shapes[source][0], 2, 2))
        projection = ConvProjection(source, name, weight, stride=(2, 2), padding=(1, 0))
        self.add(name, conv_output_shape(projection, self.shapes[source]))
        self.projections.append(projection)

    def some(self, names: list[str]) -> list[str]:
        """The last one, and others at random."""
        kept = self.rng.random(len(names)) < 0.45
        return [name for name, keep in zip(names[:-1], kept, strict=False) if keep] + names[-1:]

    def graph(self) -> ChipGraph:
        """The network; populations and projections in an order of their own."""
        populations = [self.populations[k] for k in self.rng.permutation(len(self.populations))]
        projections = [self.projections[k] for k in self.rng.permutation(len(self.projections))]
        return ChipGraph(
            ChipInput("in", self.form, self.shapes["in"]),
            tuple(populations),
            tuple(projections),
            time_steps=STEPS,
            readouts=(Readout("out", 1.0),),
        )


def residual_graph(seed: int) -> ChipGraph:
    """Two stages of convolutions, then dense layers, with shortcuts of every length."""
    form = FORMS[seed % len(FORMS)]
    network = Residual(seed, form)
    names = ["in"]
    for index in range(int(network.rng.integers(2, 5))):
        name, channels = f"a{index}", int(network.rng.integers(1, 4))
        network.add(name, (channels, 3, 4))
        for source in network.some(names):
            network.conv(source, name, channels)
        names.append(name)
    network.pooled(network.rng.choice(names[1:]), "b")
    if network.rng.random() < 0.5:
        network.add("c", (3, *network.shapes["b"][1:]))
        network.conv("b", "c", 3)
        network.dense(names[-1], "c")
        names.append("c")
    names.append("b")
    network.add("d", (4,))
    for source in network.some(names):
        network.dense(source, "d")
    network.add("out", (3,))
    network.populations[-1] = replace(
        network.populations[-1],
        decay_u=np.array(4096),
        decay_v=np.array(0),
        threshold=np.array(THRESHOLD_MANT_MAX),
    )
    for source in network.some([*names, "d"]):
        network.dense(source, "out")
    return network.graph()


def driven(graph: ChipGraph, samples: int, seed: int) -> IntArray:
    """Inputs of each step, [N, T, *shape]: biases, spikes or payloads."""
    rng = np.random.default_rng(seed)
    low, high = {"bias": (-30, 120), "spikes": (0, 2), "graded": (-2, 4)}[graph.input.form]
    return rng.integers(low, high, (samples, STEPS, *graph.input.shape))


def in_step(graph: ChipGraph, rows: IntArray) -> dict[str, IntArray]:
    """Spikes of one sample, [T, neurons] per population: every projection within the step."""
    steps = len(rows)
    sent: dict[str, IntArray] = {}
    if graph.input.form != "bias":
        sent[graph.input.name] = rows.reshape(steps, -1)
    for name in timing_of(graph).order:
        population = graph.population(name)
        sums = sum(
            (_through(graph, projection, sent) for projection in graph.incoming(name)),
            start=np.zeros((steps, population.neurons), dtype=np.int64),
        )
        neurons = chip_oracle.population_neurons(population)
        sent[name] = np.array(
            [
                [
                    neuron.step(int(a), bias)[0]
                    for neuron, a, bias in zip(
                        neurons,
                        sums[t],
                        chip_oracle.biases(graph, population, rows[t]),
                        strict=True,
                    )
                ]
                for t in range(steps)
            ],
            dtype=np.int64,
        )
    return sent


def _through(graph: ChipGraph, projection: Projection, sent: dict[str, IntArray]) -> IntArray:
    spikes = sent[projection.source]
    sums = np.zeros((len(spikes), graph.population(projection.target).neurons), dtype=np.int64)
    for target, source, weight, _ in chip_oracle.connections(graph, projection):
        sums[:, target] += weight * spikes[:, source]
    return sums


def at_window_start(graph: ChipGraph, steps: int) -> Callable[[str, int], bool]:
    """Resets just before a population's first step on each of several samples end to end."""
    depth = timing_of(graph).depth

    def resets(name: str, step: int) -> bool:
        since = step - 1 - depth[name]
        return since >= 0 and since % steps == 0

    return resets


def chip_windows(graph: ChipGraph, inputs: IntArray) -> dict[str, IntArray]:
    """Spikes that the chip fires in each population's windows, [N, T, neurons].

    Samples lie end to end; chip time runs on until the deepest population is done.
    """
    samples, steps = inputs.shape[:2]
    timing = timing_of(graph)
    idle = np.zeros((timing.last_depth, *inputs.shape[2:]), dtype=np.int64)
    rows = np.concatenate([*inputs, idle])
    spikes = chip_oracle.run(graph, rows, at_window_start(graph, steps)).s
    return {
        name: fired[timing.depth[name] :][: samples * steps].reshape(samples, steps, -1)
        for name, fired in spikes.items()
        if name in {population.name for population in graph.populations}
    }
