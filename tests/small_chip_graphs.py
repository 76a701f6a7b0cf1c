"""Small chip graphs that the slow oracle can follow, also such that netx can't express."""

import numpy as np

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    DenseProjection,
    InputForm,
    IntArray,
    Population,
)
from tests.random_chip_graphs import Chain, integers


def population(
    name: str, shape: tuple[int, ...], *, threshold: int = 60, bias: int = 0
) -> Population:
    """A leaky population."""
    fields = (np.array(2500), np.array(900), np.array(threshold), np.array(bias))
    return Population(name, shape, *fields)


def chain(seed: int, form: InputForm = "spikes") -> Chain:
    """Convolution, then dense, from an input of any form."""
    network = Chain(seed, form, (2, 4, 3))
    if form == "bias":
        network.biased_input(threshold=300)
    network.conv(3, (2, 2), threshold=90, padding=(1, 0), bias=integers([[[5]], [[-9]], [[0]]]))
    return network.dense(5, threshold=120, decay_u=1500, bias=3)


def diamond(seed: int) -> ChipGraph:
    """Two ways of one length that meet again."""
    rng = np.random.default_rng(seed)
    names = {"a": (6,), "left": (5,), "right": (4,), "end": (7,)}
    edges = [("a", "left"), ("a", "right"), ("left", "end"), ("right", "end")]
    return ChipGraph(
        ChipInput("a", "bias", (6,)),
        tuple(population(name, shape) for name, shape in names.items()),
        tuple(
            DenseProjection(s, t, rng.integers(-20, 60, (*names[t], *names[s]))) for s, t in edges
        ),
        time_steps=5,
    )


def skip(seed: int) -> ChipGraph:
    """One way is a step longer than the other; populations aren't in topological order."""
    rng = np.random.default_rng(seed)
    return ChipGraph(
        ChipInput("in", "spikes", (6,)),
        (population("end", (4,)), population("mid", (5,), bias=2)),
        (
            DenseProjection("mid", "end", rng.integers(-20, 60, (4, 5))),
            DenseProjection("in", "mid", rng.integers(-20, 60, (5, 6))),
            DenseProjection("in", "end", rng.integers(-20, 60, (4, 6)), rng.integers(0, 4, (4, 6))),
        ),
    )


def spikes(seed: int, *shape: int) -> IntArray:
    """Binary events."""
    return np.random.default_rng(seed).integers(0, 2, shape)
