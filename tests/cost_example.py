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
    graph: ChipGraph, fired: dict[str, IntArray], depth: dict[str, int] | None = None
) -> Trace:
    """A trace in which population `name` fired `fired[name]` [N, T, neurons] (0 or 1).

    Synaptic operations follow from the fan-out; every neuron with an incoming spike or a bias
    counts as active. By default each population is one step behind the one before.
    """
    names = tuple(p.name for p in graph.populations)
    neurons = np.array([p.neurons for p in graph.populations], dtype=np.int64)
    lag = depth or {name: index for index, name in enumerate(names)}
    spikes = np.stack([fired[name].sum(axis=2) for name in names], axis=2)
    synops = np.zeros_like(spikes)
    for projection in graph.projections:
        hit = fired[projection.source] @ fan_out(graph, projection)
        synops[:, :, names.index(projection.target)] += hit
    biased = np.array([p.bias.any() or p.name == graph.input.name for p in graph.populations])
    outgoing = np.array([len(graph.outgoing(name)) for name in names])
    return Trace(
        graph=graph,
        populations=names,
        neurons=neurons,
        depth=np.array([lag[name] for name in names]),
        spikes=spikes,
        synops=synops,
        active_updates=np.where(biased | (synops > 0), neurons, 0),
        messages=spikes * outgoing,
        saturations=np.zeros_like(spikes),
        wraps=np.zeros_like(spikes),
        readout=np.zeros((spikes.shape[0], 0), dtype=np.int64),
        output_spikes=np.zeros((spikes.shape[0], int(neurons[-1])), dtype=np.int64),
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


def counted_trace(
    graph: ChipGraph,
    spikes: list[list[list[int]]],
    synops: list[list[list[int]]],
    active: list[list[list[int]]],
    depth: list[int],
) -> Trace:
    """A trace of counts written down by hand, each [N][T][P]."""
    fired = np.array(spikes, dtype=np.int64)
    names = tuple(p.name for p in graph.populations)
    neurons = np.array([p.neurons for p in graph.populations], dtype=np.int64)
    return Trace(
        graph=graph,
        populations=names,
        neurons=neurons,
        depth=np.array(depth, dtype=np.int64),
        spikes=fired,
        synops=np.array(synops, dtype=np.int64),
        active_updates=np.array(active, dtype=np.int64),
        messages=fired * np.array([len(graph.outgoing(name)) for name in names]),
        saturations=np.zeros_like(fired),
        wraps=np.zeros_like(fired),
        readout=np.zeros((fired.shape[0], 0), dtype=np.int64),
        output_spikes=np.zeros((fired.shape[0], int(neurons[-1])), dtype=np.int64),
    )


def relay_graph() -> ChipGraph:
    """1025 -> 2049 -> 10 neurons: on Loihi 1 two, three and one core, over two tiles.

    Cores 0 and 1 hold `a`, 2 to 4 hold `b`, 5 holds `out`; cores 0 to 3 share a tile.
    """
    return ChipGraph(
        input=ChipInput("a", "bias", (1025,)),
        populations=(population("a", (1025,)), population("b", (2049,)), population("out", (10,))),
        projections=(
            DenseProjection("a", "b", np.ones((2049, 1025), dtype=np.int64)),
            DenseProjection("b", "out", np.ones((10, 2049), dtype=np.int64)),
        ),
        time_steps=2,
        host=HostEncoder(macs=500, scale=1.0),
    )


def relay_trace() -> Trace:
    """Two samples over T = 2 steps, small enough to cost on paper."""
    return counted_trace(
        relay_graph(),
        spikes=[[[3, 5, 0], [4, 0, 0]], [[1, 2, 0], [0, 7, 0]]],
        synops=[[[0, 6147, 50], [0, 8196, 0]], [[0, 2049, 20], [0, 0, 70]]],
        active=[[[1025, 2049, 10], [1025, 2049, 10]], [[1025, 2049, 10], [1025, 100, 3]]],
        depth=[0, 1, 2],
    )
