"""The two networks of benchmarks/emulator.py, with random even weights and lively thresholds.

Each population's threshold is the mantissa at which about a tenth of its neurons fire per step, so
that spikes are neither rare nor dense; the readout never fires.
"""

from dataclasses import replace

import numpy as np

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import DECAY_ONE, THRESHOLD_MANT_MAX
from hwsim.engine.simulate import simulate

RATE = 0.1
SAMPLES = 4


def spike_trains(shape: tuple[int, ...], samples: int, steps: int, seed: int = 0) -> IntArray:
    """Random input spikes, uint8 [samples, steps, *shape], a tenth of them 1."""
    drawn = np.random.default_rng(seed).random((samples, steps, *shape), dtype=np.float32)
    return (drawn < RATE).astype(np.uint8)


def conv_network(side: int = 28, steps: int = 8) -> ChipGraph:
    """1 x side x side, conv 32 (3x3), conv 64 (3x3, stride 2), dense 10."""
    rng = np.random.default_rng(1)
    source = (1, side, side)
    first = ConvProjection("input", "conv1", _even(rng, 32, 1, 3, 3), padding=(1, 1))
    one = conv_output_shape(first, source)
    second = ConvProjection(
        "conv1", "conv2", _even(rng, 64, 32, 3, 3), stride=(2, 2), padding=(1, 1)
    )
    two = conv_output_shape(second, one)
    last = DenseProjection("conv2", "readout", _even(rng, 10, int(np.prod(two))))
    return _lively(source, {"conv1": one, "conv2": two}, (first, second, last), steps)


def dense_network(hidden: int = 256, steps: int = 8) -> ChipGraph:
    """784, dense 256, dense 10."""
    rng = np.random.default_rng(2)
    first = DenseProjection("input", "hidden", _even(rng, hidden, 784))
    last = DenseProjection("hidden", "readout", _even(rng, 10, hidden))
    return _lively((784,), {"hidden": (hidden,)}, (first, last), steps)


def _even(rng: np.random.Generator, *shape: int) -> IntArray:
    return 2 * rng.integers(-60, 61, shape)


def _lively(
    source: tuple[int, ...],
    hidden: dict[str, tuple[int, ...]],
    projections: tuple[Projection, ...],
    steps: int,
) -> ChipGraph:
    populations = [_population(name, shape, THRESHOLD_MANT_MAX) for name, shape in hidden.items()]
    populations.append(
        replace(_population("readout", (10,), THRESHOLD_MANT_MAX), decay_v=np.array(0))
    )
    graph = ChipGraph(
        ChipInput("input", "spikes", source),
        tuple(populations),
        projections,
        time_steps=steps,
        readouts=(Readout("readout", 1.0),),
    )
    inputs = spike_trains(source, SAMPLES, steps, seed=3)
    for name in hidden:
        silent = simulate(graph, inputs, record=True)
        reached = silent.recordings[name]["v"]
        # Without firing; who fires starts again from 0, so that about half of these do in a step.
        threshold = int(np.quantile(reached, 1 - 2 * RATE)) >> 6
        graph = replace(
            graph,
            populations=tuple(
                replace(p, threshold=np.array(threshold)) if p.name == name else p
                for p in graph.populations
            ),
        )
    return graph


def _population(name: str, shape: tuple[int, ...], threshold: int) -> Population:
    fields = (np.array(DECAY_ONE), np.array(1024), np.array(threshold), np.array(0))
    return Population(name, shape, *fields)
