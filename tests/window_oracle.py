"""The chip's arithmetic in window time, slowly: each population in its own window on one sample."""

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, IntArray
from export.chip.timing import timing_of
from tests.chip_oracle import (
    LIMIT,
    biases,
    connections,
    population_neurons,
    set_thresholds,
)

States = dict[str, dict[str, IntArray]]


def window(graph: ChipGraph, rows: IntArray) -> States:
    """What every population does from rest, population -> {"u", "v", "s"} -> [T, neurons].

    Args:
        graph: forward projections arrive within the step, feedback later.
        rows: input of each step, [T, *shape].
    """
    timing, steps = timing_of(graph), len(rows)
    neurons = {p.name: population_neurons(p) for p in graph.populations}
    links = [connections(graph, p) for p in graph.projections]
    states = {
        p.name: {key: np.zeros((steps, p.neurons), dtype=np.int64) for key in "uvs"}
        for p in graph.populations
    }
    sent = {name: found["s"] for name, found in states.items()}
    if graph.input.form != "bias":
        sent[graph.input.name] = rows.reshape(steps, -1)
    for t in range(steps):
        for name in timing.order:
            population = graph.population(name)
            total = [0] * population.neurons
            for projection, synapses in zip(graph.projections, links, strict=True):
                if projection.target != name:
                    continue
                sums = [0] * population.neurons
                for target, source, weight, delay in synapses:
                    then = t - timing.lag(projection, delay)
                    if then >= 0:
                        sums[target] += weight * int(sent[projection.source][then, source])
                if isinstance(projection, ConvProjection):
                    sums = [(a + LIMIT) % (2 * LIMIT) - LIMIT for a in sums]
                total = [x + y for x, y in zip(total, sums, strict=True)]
            if population.schedule is not None:
                set_thresholds(neurons[name], population, t)
            given = biases(graph, population, rows[t])
            for n, (neuron, bias) in enumerate(zip(neurons[name], given, strict=True)):
                states[name]["s"][t, n] = neuron.step(total[n], bias)[0]
                states[name]["u"][t, n], states[name]["v"][t, n] = neuron.u, neuron.v
    return states
