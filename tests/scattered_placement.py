"""A placement with random cuts, on tiles in random places: what no search would choose."""

import numpy as np

from export.chip.graph import ChipGraph, DenseProjection, Projection
from hwsim.chips.chip import SynapseFormat
from hwsim.placement.grid import Grid
from hwsim.placement.placement import USES, Placement


def scattered(graph: ChipGraph, rng: np.random.Generator, chips: int = 2) -> Placement:
    """Every population on a random grid, every core on a random tile of a 3 x 2 mesh."""
    grids = tuple(_random_grid(population.shape, rng) for population in graph.populations)
    cores = np.array([grid.cores for grid in grids])
    used = int(cores.sum())
    tile, chip = rng.integers(0, 6, used), rng.integers(0, chips, used)
    formats: tuple[SynapseFormat, ...] = tuple(
        _random_format(projection, rng) for projection in graph.projections
    )
    return Placement(
        populations=tuple(population.name for population in graph.populations),
        grids=grids,
        first_core=np.cumsum(cores) - cores,
        formats=formats,
        chip=chip,
        tile=tile,
        column=chip * 3 + tile % 3,
        row=tile // 3,
        uses={use: np.zeros(used, dtype=np.int64) for use in USES},
    )


def _random_format(projection: Projection, rng: np.random.Generator) -> SynapseFormat:
    """One that placement may choose: a delayed convolution is never shared, and none is dense."""
    if isinstance(projection, DenseProjection):
        return "dense" if rng.random() < 0.5 else "sparse"
    return "conv" if projection.delay == 0 and rng.random() < 0.7 else "sparse"


def _random_grid(shape: tuple[int, ...], rng: np.random.Generator) -> Grid:
    cuts = []
    for size in shape:
        inner = rng.choice(np.arange(1, size), rng.integers(0, size), replace=False)
        cuts.append((0, *sorted(int(cut) for cut in inner), size))
    return Grid(shape, tuple(cuts))
