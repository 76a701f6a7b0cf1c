"""Whether the Lava environment computes what the emulator computes, on two small networks.

One is a netx file (convolution, dense, readout, biases, resets between samples), as lava-dl reads
it; the other a chip graph built from Lava's processes (a skip connection over a delayed
convolution, a loop). Both run in one Lava process.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

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
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.netx_write import write_netx
from hwsim.engine.simulate import simulate
from hwsim.errors import LavaError
from hwsim.lava.chip_job import file_job, graph_job
from hwsim.lava.compare import compare
from hwsim.lava.runner import run_lava_jobs

SAMPLES, STEPS = 3, 6
TIMEOUT_S = 120.0
MAP = (3, 5, 4)


def self_test() -> int:
    """Runs both networks in Lava and in the emulator.

    Returns:
        How many values of u, v and spikes were compared, all equal.

    Raises:
        LavaError: Lava isn't installed, can't run them, or a value differs.
        FileError: no space for the temporary files.
    """
    rng = np.random.default_rng(1)
    chain, graph = _chain(rng), _graph(rng)
    biases = _drawn(rng, -600, 2400, SAMPLES, *MAP)
    spikes = _drawn(rng, 0, 2, SAMPLES, STEPS, *MAP)
    with tempfile.TemporaryDirectory(prefix="spikeport-self-test-") as folder:
        net = Path(folder) / "chip.net"
        write_netx(chain, net)
        jobs = [file_job(net, chain, biases), graph_job(graph, spikes, reset="staggered")]
        runs = run_lava_jobs(jobs, timeout_s=TIMEOUT_S, workers=1)
    traces = [simulate(chain, biases, record=True), simulate(graph, spikes, record=True)]
    comparisons = [compare(trace, run) for trace, run in zip(traces, runs, strict=True)]
    for comparison in comparisons:
        if not comparison.identical:
            raise LavaError(
                f"Lava self-test: {comparison}. Run `spikeport lava install --force`; if it stays, "
                "report it."
            )
    return sum(comparison.values for comparison in comparisons)


def _chain(rng: np.random.Generator) -> ChipGraph:
    """Convolution, dense and readout behind bias-driven neurons."""
    return _network(
        ChipInput("input", "bias", MAP),
        [
            _population("input", MAP, threshold=1500),
            _population("conv", (4, 4, 3), threshold=250, bias=20),
            _population("dense", (9,), threshold=200, decay_u=2000),
            _population("readout", (4,), threshold=THRESHOLD_MANT_MAX, decay_v=0),
        ],
        [
            ConvProjection("input", "conv", _drawn(rng, -40, 60, 4, 3, 2, 2)),
            DenseProjection("conv", "dense", _drawn(rng, -40, 60, 9, 48)),
            DenseProjection("dense", "readout", _drawn(rng, -60, 61, 4, 9)),
        ],
    )


def _graph(rng: np.random.Generator) -> ChipGraph:
    """Two convolutions, a delayed one around the second, and a population that feeds itself."""
    return _network(
        ChipInput("input", "spikes", MAP),
        [
            _population("conv", MAP, threshold=250),
            _population("sum", MAP, threshold=300, decay_u=2000),
            _population("readout", (4,), threshold=THRESHOLD_MANT_MAX, decay_v=0),
        ],
        [
            ConvProjection("input", "conv", _drawn(rng, -40, 60, 3, 3, 3, 3), padding=(1, 1)),
            ConvProjection("conv", "sum", _drawn(rng, -40, 60, 3, 3, 1, 1)),
            ConvProjection("input", "sum", _drawn(rng, -40, 60, 3, 3, 1, 1), delay=1),
            DenseProjection("sum", "sum", _drawn(rng, -20, 15, 60, 60)),
            DenseProjection("sum", "readout", _drawn(rng, -60, 61, 4, 60)),
        ],
    )


def _network(
    source: ChipInput, populations: Sequence[Population], projections: Sequence[Projection]
) -> ChipGraph:
    return ChipGraph(
        source,
        tuple(populations),
        tuple(projections),
        time_steps=STEPS,
        readouts=(Readout("readout", 1.0),),
    )


def _population(
    name: str,
    shape: tuple[int, ...],
    *,
    threshold: int,
    decay_u: int = 4096,
    decay_v: int = 400,
    bias: int = 0,
) -> Population:
    return Population(name, shape, *map(_integers, (decay_u, decay_v, threshold, bias)))


def _drawn(rng: np.random.Generator, low: int, high: int, *shape: int) -> IntArray:
    return _integers(rng.integers(low, high, shape))


def _integers(values: ArrayLike) -> IntArray:
    return np.asarray(values, dtype=np.int64)
