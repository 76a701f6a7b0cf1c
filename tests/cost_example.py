"""A small chip graph and a trace with made-up but consistent counts, for costing tests."""

import numpy as np

from export.chip.fanout import fan_out
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    HostEncoder,
    IntArray,
    Population,
    Readout,
)
from hwsim.engine.trace import Trace


def population(
    name: str, shape: tuple[int, ...], bias: IntArray | int = 0, threshold: int = 64
) -> Population:
    """A population that keeps 819 / 4096 of its membrane and none of its current."""
    return Population(
        name=name,
        shape=shape,
        decay_u=np.asarray(4096),
        decay_v=np.asarray(4096 - 819),
        threshold=np.asarray(threshold),
        bias=np.asarray(bias, dtype=np.int64),
    )


def digits_graph(names: tuple[str, str, str] = ("l001_lif", "l004_lif", "readout")) -> ChipGraph:
    """The digits recipe's shape: host conv -> 16x8x8 -> 6x6 stride-2 conv -> 32x4x4 -> 10."""
    rng = np.random.default_rng(7)
    first, second, last = names
    return ChipGraph(
        input=ChipInput(first, "bias", (16, 8, 8)),
        populations=(
            population(first, (16, 8, 8)),
            population(second, (32, 4, 4), bias=rng.integers(-40, 40, (32, 1, 1))),
            population(last, (10,), threshold=131071),
        ),
        projections=(
            ConvProjection(
                first, second, rng.integers(-128, 127, (32, 16, 6, 6)) * 2, (2, 2), (2, 2)
            ),
            DenseProjection(second, last, rng.integers(-128, 127, (10, 512)) * 2),
        ),
        time_steps=4,
        readouts=(Readout(last, 1e-4),),
        classes=tuple("0123456789"),
        host=HostEncoder(macs=9 * 16 * 64, scale=1000.0),
    )


def fired_trace(
    graph: ChipGraph,
    fired: dict[str, IntArray],
    depth: dict[str, int] | None = None,
    active: dict[str, IntArray] | None = None,
) -> Trace:
    """A trace in which population (or input) `name` fired `fired[name]` [N, T, neurons] (0 or 1).

    Synaptic operations follow from the fan-out, a lag from the depths. Active updates are `active`
    [N, T, neurons], or by default all of a population in the steps of a sample in which it has a
    bias or synaptic operations. By default each population is one step behind the one before.
    """
    names = tuple(p.name for p in graph.populations)
    neurons = np.array([p.neurons for p in graph.populations], dtype=np.int64)
    lag = depth or {name: index for index, name in enumerate(names)}
    spikes = np.stack([fired[name].sum(axis=2) for name in names], axis=2)
    steps = spikes.shape[1]
    synops = np.zeros_like(spikes)
    for projection in graph.projections:
        late = 1 + lag.get(projection.source, 0) - lag[projection.target]
        if isinstance(projection, ConvProjection):
            late += projection.delay
        hit = fired[projection.source] @ fan_out(graph, projection)
        synops[:, late:, names.index(projection.target)] += hit[:, : steps - late]
    biased = np.array([p.bias.any() or p.name == graph.input.name for p in graph.populations])
    if active is None:
        awake = biased | (synops > 0)
        active = {
            name: np.repeat(awake[:, :, k, None], neurons[k], axis=2).astype(np.int64)
            for k, name in enumerate(names)
        }
    outgoing = np.array([len(graph.outgoing(name)) for name in names])
    return Trace(
        graph=graph,
        populations=names,
        neurons=neurons,
        depth=np.array([lag[name] for name in names]),
        spikes=spikes,
        synops=synops,
        active_updates=np.stack([active[name].sum(axis=2) for name in names], axis=2),
        messages=spikes * outgoing,
        saturations=np.zeros_like(spikes),
        wraps=np.zeros_like(spikes),
        readout=np.zeros((spikes.shape[0], 0), dtype=np.int64),
        output_spikes=np.zeros((spikes.shape[0], int(neurons[-1])), dtype=np.int64),
        neuron_spikes={name: each.sum(axis=0) for name, each in fired.items()},
        neuron_active={name: each.sum(axis=0) for name, each in active.items()},
    )


def random_trace(graph: ChipGraph, samples: int = 20, rate: float = 0.16, seed: int = 3) -> Trace:
    """Every neuron fires at the given rate, but the last population is silent."""
    rng = np.random.default_rng(seed)
    steps = graph.time_steps or 4
    fired = {
        p.name: (rng.random((samples, steps, p.neurons)) < rate).astype(np.int64)
        for p in graph.populations
    }
    fired[graph.populations[-1].name][:] = 0
    return fired_trace(graph, fired)
