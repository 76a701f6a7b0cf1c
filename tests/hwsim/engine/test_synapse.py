"""Synaptic sums against direct integer sums, in every geometry and at every bound."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)
from hwsim.engine import synapse
from hwsim.engine.exact_product import FLOAT32_EXACT
from hwsim.engine.synapse import Synapses, synapses_of
from hwsim.errors import SimulationError
from tests.chip_oracle import connections


def graph_of(projection: Projection, source: tuple[int, ...], target: tuple[int, ...]) -> ChipGraph:
    """One population behind a source of graded spikes."""
    zero = np.array(0)
    population = Population("target", target, zero, zero, zero, zero)
    return ChipGraph(ChipInput("source", "graded", source), (population,), (projection,))


def dense(weight: IntArray, delay: IntArray | None = None) -> tuple[DenseProjection, ChipGraph]:
    """A dense projection in its graph."""
    projection = DenseProjection("source", "target", weight, delay)
    targets, sources = weight.shape
    return projection, graph_of(projection, (sources,), (targets,))


def prepared(projection: Projection, graph: ChipGraph, payload_max: int = 1) -> Synapses:
    """The only part of a projection without delays."""
    (part,) = synapses_of(graph, projection, payload_max, "cpu")
    return part


def direct(graph: ChipGraph, projection: Projection, events: IntArray) -> tuple[IntArray, IntArray]:
    """Sums [M, targets] and synaptic operations [M], synapse by synapse."""
    sums = np.zeros((len(events), graph.population("target").neurons), dtype=np.int64)
    hits = np.zeros(len(events), dtype=np.int64)
    for target, source, weight, _ in connections(graph, projection):
        sums[:, target] += weight * events[:, source]
        hits += events[:, source] != 0
    return sums, hits


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[ConvProjection, tuple[int, int, int]]:
    """Any geometry whose output isn't empty."""
    groups = draw(st.integers(1, 3))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    rows, columns = (
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4))
        for k, p, d in zip(kernel, padding, dilation, strict=True)
    )
    inputs, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight = rng.integers(-256, 255, (outputs * groups, inputs, *kernel))
    projection = ConvProjection("source", "target", weight, stride, padding, dilation, groups)
    return projection, (inputs * groups, rows, columns)


@settings(deadline=None)
@given(convolutions(), st.integers(0, 2**32))
def test_conv_sums_equal_direct_sums(
    drawn: tuple[ConvProjection, tuple[int, int, int]], seed: int
) -> None:
    """Stride, padding, dilation and groups of any kind, edges included."""
    projection, shape = drawn
    graph = graph_of(projection, shape, conv_output_shape(projection, shape))
    part = prepared(projection, graph)
    events = np.random.default_rng(seed).integers(0, 2, (5, int(np.prod(shape))))
    sums, hits = direct(graph, projection, events)
    tensor = torch.from_numpy(events) != 0
    assert np.array_equal(part.sums(tensor).numpy(), sums)
    assert np.array_equal(part.operations(tensor).numpy(), hits)
    part.prove(tensor)


@pytest.mark.parametrize(
    ("weight", "payload", "dtype"),
    [
        (254, 1, torch.float32),
        (254, 1000, torch.float32),
        (254, 1500, torch.float64),
        (-256, 100_000, torch.float64),
    ],
)
def test_extreme_payloads_stay_exact(weight: int, payload: int, dtype: torch.dtype) -> None:
    """The bound decides between the float types, and sums right up to it are exact."""
    weights = np.full((3, 64), weight)
    weights[1, ::2] -= 1
    projection, graph = dense(weights)
    part = prepared(projection, graph, payload)
    assert part.weight.dtype == dtype
    events = np.full((2, 64), payload)
    events[1, 1::3] = -payload + 1
    sums, _ = direct(graph, projection, events)
    assert np.array_equal(part.sums(torch.from_numpy(events)).numpy(), sums)


def test_the_float32_bound_is_two_to_the_24() -> None:
    """One below it float32 is still exact; at it the wider type takes over."""
    for total, dtype in ((FLOAT32_EXACT - 1, torch.float32), (FLOAT32_EXACT, torch.float64)):
        projection, graph = dense(np.array([[total - 1, -1]]))
        part = prepared(projection, graph)
        assert part.weight.dtype == dtype
        assert part.sums(torch.tensor([[1, 0], [1, 1]])).tolist() == [[total - 1], [total - 2]]


def test_conv_sums_wrap_at_24_bits() -> None:
    """Lava wraps the sums of a convolution, 2^23 to -2^23; a dense layer's stay."""
    weight = np.full((1, 1, 1, 2), 1 << 22)
    projection = ConvProjection("source", "target", weight)
    part = prepared(projection, graph_of(projection, (1, 1, 2), (1, 1, 1)), 3)
    events = torch.tensor([[1, 0], [1, 1], [2, 1], [-1, -1], [-1, -2], [3, 3]])
    assert part.sums(events).flatten().tolist() == [
        1 << 22, -(1 << 23), -(1 << 22), -(1 << 23), 1 << 22, -(1 << 23),
    ]  # fmt: skip
    flat, graph = dense(weight.reshape(1, 2))
    assert prepared(flat, graph, 3).sums(events[1:2]).tolist() == [[1 << 23]]


def test_delays_split_a_projection() -> None:
    """Parts add up to the whole matrix, and each counts its own synapses."""
    rng = np.random.default_rng(0)
    weight, delay = rng.integers(-9, 9, (4, 6)), rng.integers(0, 3, (4, 6))
    projection, graph = dense(weight, delay)
    parts = synapses_of(graph, projection, 1, "cpu")
    assert [part.delay for part in parts] == [0, 1, 2]
    assert np.array_equal(sum(part.weight[0].numpy() for part in parts), weight)
    everyone = torch.ones((1, 6), dtype=torch.bool)
    assert [int(part.operations(everyone)) for part in parts] == [
        int((delay == k).sum()) for k in range(3)
    ]


def test_small_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows fit the cache, the sums are the same."""
    rng = np.random.default_rng(1)
    projection = ConvProjection("source", "target", rng.integers(-9, 9, (3, 2, 2, 2)))
    part = prepared(projection, graph_of(projection, (2, 5, 5), (3, 4, 4)))
    events = torch.from_numpy(rng.integers(0, 2, (7, 50)))
    whole = part.sums(events), part.operations(events)
    monkeypatch.setattr(synapse, "CHUNK_BYTES", 1)
    assert torch.equal(part.sums(events), whole[0])
    assert torch.equal(part.operations(events), whole[1])


def test_reduced_precision_is_noticed() -> None:
    """A product that rounds, as TF32's does, is refused by name."""
    projection, graph = dense(np.array([[253, 250, -249]]))
    part = prepared(projection, graph)
    rounding = replace(part, weight=part.weight.to(torch.bfloat16))
    with pytest.raises(SimulationError, match=r"'source' -> 'target'.*aren't exact"):
        rounding.prove(torch.tensor([[1, 1, 0]]))


def test_reduced_precision_is_avoided() -> None:
    """With torch's fast modes allowed, products run in float64."""
    projection, graph = dense(np.array([[253, 251]]))
    torch.set_float32_matmul_precision("medium")
    try:
        assert prepared(projection, graph).weight.dtype == torch.float64
    finally:
        torch.set_float32_matmul_precision("highest")


def test_a_sum_beyond_32_bits_is_refused() -> None:
    """The message names the projection, the bound and the limit."""
    projection, graph = dense(np.full((1, 1000), 254))
    with pytest.raises(SimulationError, match=r"'source' -> 'target'.*2540000000.*2147483647"):
        synapses_of(graph, projection, 10_000, "cpu")
