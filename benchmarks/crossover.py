"""Where adding up rare spikes one by one beats computing every product, per shape and firing rate.

    python benchmarks/crossover.py

One core, batches as the emulator forms them. Prints microseconds per step either way, the rate at
which they cross, and where `hwsim.engine.products.choice` puts that crossing; its constants are
fitted to this table. Both ways give the same integers.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    Population,
    Projection,
)
from hwsim.engine.products.choice import Products
from hwsim.engine.synapse import BINARY, synapses_of

STEPS = 64
RATES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
CONVOLUTIONS = {
    "1x28x28 -> 32, 3x3": ((1, 28, 28), 32, 1),
    "32x28x28 -> 64, 3x3, stride 2": ((32, 28, 28), 64, 2),
    "32x28x28 -> 64, 3x3": ((32, 28, 28), 64, 1),
    "64x14x14 -> 64, 3x3": ((64, 14, 14), 64, 1),
    "128x8x8 -> 128, 3x3": ((128, 8, 8), 128, 1),
    "2x64x64 -> 16, 3x3, stride 2": ((2, 64, 64), 16, 2),
}
MATRICES = {"784 -> 256": (784, 256), "12544 -> 10": (12544, 10), "2048 -> 1024": (2048, 1024)}


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    header = "".join(f"{rate:>9.1%}" for rate in RATES)
    print(f"{'us per step of one sample':<34}{'full':>9}{header}   crosses  model")
    for name, ((channels, rows, columns), outputs, stride) in CONVOLUTIONS.items():
        weight = 2 * np.random.default_rng(0).integers(-128, 128, (outputs, channels, 3, 3))
        projection = ConvProjection("in", "out", weight, (stride, stride), (1, 1))
        target = (outputs, (rows - 1) // stride + 1, (columns - 1) // stride + 1)
        report(name, products_of(projection, (channels, rows, columns), target))
    for name, (sources, targets) in MATRICES.items():
        weight = 2 * np.random.default_rng(0).integers(-128, 128, (targets, sources))
        report(name, products_of(DenseProjection("in", "out", weight), (sources,), (targets,)))


def products_of(
    projection: Projection, source: tuple[int, ...], target: tuple[int, ...]
) -> tuple[Products, int]:
    """The products of a projection between two populations, and its sources."""
    zero = np.array(0)
    graph = ChipGraph(
        ChipInput("in", "spikes", source),
        (Population("out", target, zero, zero, zero, zero),),
        (projection,),
    )
    (synapses,) = synapses_of(graph, projection, BINARY, "cpu")
    return synapses.products, int(np.prod(source))


def report(name: str, prepared: tuple[Products, int]) -> None:
    """One row."""
    products, sources = prepared
    if products.rare is None:
        raise SystemExit("this benchmark runs on a CPU")
    full = microseconds(products.full, spikes(sources, 0.1))
    rare = np.array([microseconds(products.rare, spikes(sources, rate)) for rate in RATES])
    model = (products.full_ns - products.scan_ns) / (products.event_ns * sources)
    row = "".join(f"{value:9.1f}" for value in rare)
    print(f"{name:<34}{full:9.1f}{row}{crossing(rare, full):>10.2%}{max(0.0, model):>7.2%}")


def crossing(rare: NDArray[np.float64], full: float) -> float:
    """The rate at which a line through the measured costs reaches the full product's."""
    slope, offset = np.polyfit(RATES, rare, 1)
    return float(np.clip((full - offset) / slope, 0, 1))


def spikes(sources: int, rate: float) -> Tensor:
    """Events of `STEPS` steps."""
    drawn = np.random.default_rng(1).random((STEPS, sources)) < rate
    return torch.from_numpy(drawn.astype(np.uint8))


def microseconds(product: Callable[[Tensor], Tensor], events: Tensor) -> float:
    """Per step, the best of some calls."""
    best = float("inf")
    with torch.inference_mode():
        for _ in range(7):
            started = time.perf_counter()
            product(events)
            best = min(best, time.perf_counter() - started)
    return best / len(events) * 1e6


if __name__ == "__main__":
    main()
