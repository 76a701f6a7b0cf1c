"""Diagnostics of any size, filled with random numbers of the right kind."""

import numpy as np

from trainers.diagnostics_file import EDGES, SERIES, Diagnostics


def random_diagnostics(
    layers: tuple[str, ...] = ("0", "stem.lif"),
    steps: int = 4,
    epochs: int = 3,
    weights: tuple[str, ...] = ("conv", "fc"),
) -> Diagnostics:
    """The same numbers every time."""
    rng = np.random.default_rng(7)
    size = (len(layers), steps)
    distance = rng.normal(-1, 1.5, (*size, 500))
    outer = np.r_[-np.inf, EDGES, np.inf]
    histogram = [[np.histogram(row, outer)[0] for row in layer] for layer in distance]
    return Diagnostics(
        layers=layers,
        weight_layers=weights,
        epochs=np.arange(epochs),
        series={name: rng.random((epochs, *size)) for name in SERIES},
        gradient_norm=rng.random((epochs, len(weights))) + 0.01,
        final={name: rng.random(size) for name in SERIES},
        histogram=np.array(histogram, dtype=np.int64),
        edges=EDGES,
        epoch_samples=256,
        final_samples=2048,
    )
