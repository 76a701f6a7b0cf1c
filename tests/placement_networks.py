"""Small random networks and small chips, so that every limit bites."""

import numpy as np

from export.chip.check_graph import check_graph, conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)
from hwsim.chips.chip import Chip
from hwsim.chips.load import load_chip
from tests.cost_example import population

Rng = np.random.Generator
LOIHI1 = load_chip("loihi1")


def small_chip(**limits: int) -> Chip:
    """Loihi 1 with other limits, by their keys in the chip file."""
    changed = {
        key: getattr(LOIHI1.limits, key).model_copy(update={"value": value})
        for key, value in limits.items()
    }
    return LOIHI1.model_copy(update={"limits": LOIHI1.limits.model_copy(update=changed)})


def random_chip(rng: Rng) -> Chip:
    """A few neurons and axons per core, a few words of memory."""
    return small_chip(
        neurons_per_core=int(rng.integers(2, 40)),
        input_axons_per_core=int(rng.integers(6, 80)),
        output_axons_per_core=int(rng.integers(6, 80)),
        synaptic_memory_bits_per_core=int(rng.integers(20, 300)) * 64,
    )


def random_network(seed: int, most: int = 5) -> ChipGraph:
    """Convolutions and dense layers in a row, then skips, loops and doubled projections."""
    rng = np.random.default_rng(seed)
    form = str(rng.choice(["bias", "spikes", "graded"]))
    shape = _shape(rng)
    populations: list[Population] = []
    projections: list[Projection] = []
    if form == "bias":
        populations.append(population("input", shape))
    here = "input", shape
    for number in range(int(rng.integers(1, most))):
        projection, made = _grown(rng, here, f"p{number}")
        populations.append(population(f"p{number}", made))
        projections.append(projection)
        here = f"p{number}", made
    shapes = {"input": shape} | {each.name: each.shape for each in populations}
    for _ in range(int(rng.integers(0, 4))):
        source = str(rng.choice(list(shapes)))
        target = str(rng.choice([each.name for each in populations]))
        projections.append(_joined(rng, source, target, shapes))
    graph = ChipGraph(
        ChipInput("input", form, shape),  # type: ignore[arg-type]
        tuple(populations),
        tuple(projections),
    )
    check_graph(graph)
    return graph


def _shape(rng: Rng) -> tuple[int, ...]:
    maps = (int(rng.choice([1, 2, 4])), int(rng.integers(2, 7)), int(rng.integers(2, 7)))
    return maps if rng.random() < 0.75 else (int(rng.integers(2, 40)),)


def _grown(
    rng: Rng, here: tuple[str, tuple[int, ...]], name: str
) -> tuple[Projection, tuple[int, ...]]:
    source, shape = here
    if len(shape) == 3 and rng.random() < 0.75:
        for _ in range(20):
            conv = _conv(rng, source, name, shape[0], int(rng.choice([1, 2, 4])))
            made = conv_output_shape(conv, shape)
            if min(made) > 0 and max(made) < 12:
                return conv, made
    size = _shape(rng)
    return _dense(rng, source, name, int(np.prod(size)), int(np.prod(shape))), size


def _joined(rng: Rng, source: str, target: str, shapes: dict[str, tuple[int, ...]]) -> Projection:
    ends = shapes[source], shapes[target]
    if all(len(end) == 3 for end in ends):
        for _ in range(20):
            conv = _conv(rng, source, target, ends[0][0], ends[1][0])
            if conv_output_shape(conv, ends[0]) == ends[1]:
                return conv
    return _dense(rng, source, target, int(np.prod(ends[1])), int(np.prod(ends[0])))


def _conv(rng: Rng, source: str, target: str, inputs: int, outputs: int) -> ConvProjection:
    groups = int(rng.choice([g for g in (1, 2, 4) if inputs % g == 0 == outputs % g]))
    kernel, stride, dilation = (tuple(rng.integers(1, 4, 2).tolist()) for _ in range(3))
    padding = tuple(rng.integers(0, 3, 2).tolist())
    weight = _weights(rng, (outputs, inputs // groups, *kernel))
    delay = int(rng.integers(1, 9)) if rng.random() < 0.25 else 0
    return ConvProjection(source, target, weight, stride, padding, dilation, groups, delay)


def _dense(rng: Rng, source: str, target: str, targets: int, sources: int) -> DenseProjection:
    shape = targets, sources
    delay = rng.integers(0, 63, shape) if rng.random() < 0.3 else None
    return DenseProjection(source, target, _weights(rng, shape), delay)


def _weights(rng: Rng, shape: tuple[int, ...]) -> IntArray:
    """Few or many bits, one sign or both, few or many zeros."""
    low, high = [(-256, 255), (0, 8), (-3, 1), (-128, 128), (1, 2)][int(rng.integers(5))]
    step = int(rng.choice([1, 2, 16]))
    drawn = rng.integers(low, high, shape) * (step if high < 100 else 1)
    return np.asarray(drawn * (rng.random(shape) < rng.choice([1.0, 0.6, 0.1])), dtype=np.int64)
