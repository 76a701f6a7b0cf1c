"""The chip's arithmetic once more, slowly: Python integers, one neuron and one step at a time.

Written from the rules of Lava's fixed-point models, without anything of the emulator's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from export.chip.graph import (
    ChipGraph,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)

LIMIT = 2**23


@dataclass
class Neuron:
    """One neuron's state and parameters."""

    decay_u: int
    decay_v: int
    threshold: int
    u: int = 0
    v: int = 0

    def step(self, a: int, bias: int) -> tuple[bool, bool, bool, bool]:
        """Whether it fired, u wrapped, v saturated, and anything was there to update."""
        before = (self.u, self.v)
        u = int32(toward_zero(self.u * (4096 - self.decay_u)) + a * 64)
        wrapped = u > LIMIT or u <= -LIMIT
        if u > LIMIT:
            u -= 2 * LIMIT
        elif u <= -LIMIT:
            u += 2 * LIMIT
        v = int32(toward_zero(self.v * (4096 - self.decay_v)) + u + bias * 64)
        clipped = min(max(v, -LIMIT + 1), LIMIT - 1)
        fired = clipped > self.threshold * 64
        self.u, self.v = u, 0 if fired else clipped
        return fired, wrapped, clipped != v, any((*before, u, bias))


def toward_zero(product: int) -> int:
    """product / 4096 without its fraction."""
    return product // 4096 if product >= 0 else -(-product // 4096)


def int32(value: int) -> int:
    """What is left of an integer in 32 bits."""
    return (value + 2**31) % 2**32 - 2**31


@dataclass
class Steps:
    """Per population what happened: arrays [S, neurons], or [S] for counts."""

    u: dict[str, IntArray]
    v: dict[str, IntArray]
    s: dict[str, IntArray]
    synops: dict[str, IntArray]
    wraps: dict[str, IntArray]
    saturations: dict[str, IntArray]
    active: dict[str, IntArray]


def run(
    graph: ChipGraph,
    rows: IntArray,
    resets: Callable[[str, int], bool] = lambda name, step: False,
    window_step: Callable[[str, int], int] = lambda name, step: step - 1,
) -> Steps:
    """The chip from step 1 on.

    Args:
        graph: any chip graph.
        rows: input of each step, [S, *shape].
        resets: whether a population is zeroed just before it computes a step (counted from 1).
        window_step: step of a population's own window, from 0, at a step of the chip; thresholds
            that change from step to step go by it.
    """
    steps = len(rows)
    states = [{p.name: blank(steps, p) for p in graph.populations} for _ in range(3)]
    counts = [{p.name: blank(steps) for p in graph.populations} for _ in range(4)]
    result = Steps(*states, *counts)
    neurons = {p.name: population_neurons(p) for p in graph.populations}
    links = {id(p): connections(graph, p) for p in graph.projections}
    sent = dict(result.s)
    if graph.input.form != "bias":
        sent[graph.input.name] = rows.reshape(steps, -1)
    for t in range(steps):
        for population in graph.populations:
            name = population.name
            if resets(name, t + 1):
                neurons[name] = population_neurons(population)
            total = [0] * population.neurons
            for projection in graph.incoming(name):
                sums, hits = arriving(links[id(projection)], projection, sent, t, population)
                total = [x + y for x, y in zip(total, sums, strict=True)]
                result.synops[name][t] += hits
            if population.schedule is not None:
                set_thresholds(neurons[name], population, window_step(name, t + 1))
            for n, (neuron, bias) in enumerate(
                zip(neurons[name], biases(graph, population, rows[t]), strict=True)
            ):
                fired, wrapped, saturated, active = neuron.step(total[n], bias)
                result.u[name][t, n], result.v[name][t, n] = neuron.u, neuron.v
                result.s[name][t, n] = fired
                result.wraps[name][t] += wrapped
                result.saturations[name][t] += saturated
                result.active[name][t] += active
    return result


def blank(steps: int, population: Population | None = None) -> IntArray:
    """Zeros, [steps] or [steps, neurons]."""
    shape = (steps,) if population is None else (steps, population.neurons)
    return np.zeros(shape, dtype=np.int64)


def population_neurons(population: Population) -> list[Neuron]:
    """Its neurons at rest."""
    fields = (population.decay_u, population.decay_v, population.threshold)
    columns = [np.broadcast_to(f, population.shape).reshape(-1).tolist() for f in fields]
    return [Neuron(*values) for values in zip(*columns, strict=True)]


def set_thresholds(neurons: list[Neuron], population: Population, step: int) -> None:
    """Gives each neuron the threshold that the schedule has at a step of the window."""
    assert population.schedule is not None
    row = np.broadcast_to(population.schedule[step], population.shape).reshape(-1)
    for neuron, threshold in zip(neurons, row.tolist(), strict=True):
        neuron.threshold = threshold


def biases(graph: ChipGraph, population: Population, row: IntArray) -> list[int]:
    """Bias mantissas of one step."""
    if graph.input.form == "bias" and graph.input.name == population.name:
        return [int(b) for b in row.reshape(-1)]
    return [int(b) for b in np.broadcast_to(population.bias, population.shape).reshape(-1)]


def connections(graph: ChipGraph, projection: Projection) -> list[tuple[int, int, int, int]]:
    """Every stored synapse as (target, source, weight, delay)."""
    if isinstance(projection, DenseProjection):
        delay = projection.delay
        return [
            (int(o), int(i), int(w), 0 if delay is None else int(delay[o, i]))
            for (o, i), w in np.ndenumerate(projection.weight)
        ]
    return conv_connections(
        projection, graph.source_shape(projection.source), graph.population(projection.target).shape
    )


def conv_connections(
    projection: ConvProjection, source: tuple[int, ...], target: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    """The synapses that a shared kernel stands for, those off the map left out."""
    found = []
    per_group = target[0] // projection.groups
    for (o, k, ky, kx), w in np.ndenumerate(projection.weight):
        channel = (o // per_group) * projection.weight.shape[1] + k
        for y in range(target[1]):
            for x in range(target[2]):
                row = y * projection.stride[0] - projection.padding[0] + ky * projection.dilation[0]
                col = x * projection.stride[1] - projection.padding[1] + kx * projection.dilation[1]
                if 0 <= row < source[1] and 0 <= col < source[2]:
                    to = (o * target[1] + y) * target[2] + x
                    at = (channel * source[1] + row) * source[2] + col
                    found.append((to, at, int(w), projection.delay))
    return found


def arriving(
    links: list[tuple[int, int, int, int]],
    projection: Projection,
    sent: dict[str, IntArray],
    t: int,
    population: Population,
) -> tuple[list[int], int]:
    """Synaptic sums at step t (from 0), and how many synapses were hit."""
    sums, hits = [0] * population.neurons, 0
    for target, source, weight, delay in links:
        then = t - 1 - delay
        payload = int(sent[projection.source][then, source]) if then >= 0 else 0
        if payload:
            sums[target] += weight * payload
            hits += 1
    if isinstance(projection, ConvProjection):
        sums = [(x + LIMIT) % (2 * LIMIT) - LIMIT for x in sums]
    return sums, hits
