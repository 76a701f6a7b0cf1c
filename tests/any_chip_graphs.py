"""Any directed graph in the chip's integers: loops, skips, doubled projections, delays."""

import numpy as np
from hypothesis import strategies as st

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    HostEncoder,
    InputForm,
    IntArray,
    Population,
    Projection,
    Readout,
)

Rng = np.random.Generator
HOSTS = (None, HostEncoder(macs=12, scale=1 / 3), HostEncoder(0, 2.5, lowest=0, highest=255))
NAMES = ("a", "größer", "犬", "stage 1/conv", "edges", "input", "0", "x" * 60)


@st.composite
def any_graphs(draw: st.DrawFn) -> ChipGraph:
    """Up to six populations with projections between any two of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    form: InputForm = draw(st.sampled_from(["bias", "spikes", "graded"]))
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 6))]
    steps = draw(st.none() | st.integers(1, 9))
    populations = tuple(_population(rng, name, _shape(rng)) for name in names)
    if form == "bias":
        host = int(rng.integers(len(names)))
        outside = ChipInput(names[host], form, populations[host].shape)
        populations = tuple(_unbiased(p) if p.name == outside.name else p for p in populations)
    else:
        outside = ChipInput("outside", form, _shape(rng))
    shapes = {outside.name: outside.shape} | {p.name: p.shape for p in populations}
    ends = st.tuples(st.sampled_from(list(shapes)), st.sampled_from(names))
    return ChipGraph(
        outside,
        populations,
        tuple(_projection(rng, shapes, *pair) for pair in draw(st.lists(ends, max_size=10))),
        time_steps=steps,
        readouts=tuple(
            _readout(rng, population, steps)
            for population in draw(st.permutations(populations))[: rng.integers(4)]
        ),
        classes=draw(st.sampled_from([(), ("cat", "größer\n", "")])),
        host=draw(st.sampled_from(HOSTS)),
    )


def _shape(rng: Rng) -> tuple[int, ...]:
    maps = (int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    return maps if rng.random() < 0.6 else (int(rng.integers(1, 6)),)


def _population(rng: Rng, name: str, shape: tuple[int, ...]) -> Population:
    def drawn(low: int, high: int, *sizes: tuple[int, ...]) -> IntArray:
        return np.asarray(rng.integers(low, high, sizes[rng.integers(len(sizes))]), np.int64)

    broadcast = (shape, (), shape[-1:], (*shape[:1], *[1] * (len(shape) - 1)))
    return Population(
        name,
        shape,
        decay_u=drawn(0, 4097, (), shape),
        decay_v=np.array(0) if rng.random() < 0.5 else drawn(0, 4097, (), shape),
        threshold=drawn(0, 131072, (), shape),
        bias=drawn(-4095, 4096, *broadcast),
    )


def _unbiased(population: Population) -> Population:
    fields = (population.decay_u, population.decay_v, population.threshold)
    return Population(population.name, population.shape, *fields, np.zeros_like(population.bias))


def _projection(
    rng: Rng, shapes: dict[str, tuple[int, ...]], source: str, target: str
) -> Projection:
    """A convolution where one fits, in half of these cases; else dense."""
    ends = (shapes[source], shapes[target])
    if rng.random() < 0.5 and all(len(end) == 3 for end in ends):
        for _ in range(8):
            conv = _convolution(rng, source, target, *ends)
            if conv_output_shape(conv, ends[0]) == ends[1]:
                return conv
    shape = (int(np.prod(ends[1])), int(np.prod(ends[0])))
    delay = rng.integers(0, 63, shape) if rng.random() < 0.5 else None
    return DenseProjection(source, target, rng.integers(-256, 255, shape), delay)


def _convolution(
    rng: Rng, source: str, target: str, given: tuple[int, ...], made: tuple[int, ...]
) -> ConvProjection:
    groups = int(rng.choice([g for g in (1, 2, 3) if given[0] % g == 0 == made[0] % g]))
    kernel, stride, dilation = (tuple(rng.integers(1, 4, 2).tolist()) for _ in range(3))
    padding = tuple(rng.integers(0, 4, 2).tolist())
    weight = rng.integers(-256, 255, (made[0], given[0] // groups, *kernel))
    return ConvProjection(
        source, target, weight, stride, padding, dilation, groups, int(rng.integers(0, 63))
    )


def _readout(rng: Rng, population: Population, steps: int | None) -> Readout:
    def drawn() -> float:
        return float(rng.standard_normal() * 10.0 ** rng.integers(-300, 300))

    weighted = steps is not None and not population.decay_v.any()
    weights = tuple(drawn() for _ in range(steps or 0)) if weighted else None
    return Readout(population.name, drawn(), weights)
