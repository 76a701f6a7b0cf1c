"""Synaptic sums against direct integer sums: every product, geometry and bound."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

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
from hwsim.engine.exact_product import FLOAT32_EXACT
from hwsim.engine.layout import channels_last
from hwsim.engine.products import patches
from hwsim.engine.products.choice import Product, Products
from hwsim.engine.products.convolution import FloatConvolution
from hwsim.engine.products.integer import IntegerConvolution, IntegerMatrix, integer_operators
from hwsim.engine.products.matrix import MatrixProduct
from hwsim.engine.products.patches import PatchProduct
from hwsim.engine.products.rare import RareConvolution
from hwsim.engine.synapse import BINARY, Payload, Synapses, synapses_of
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


def prepared(projection: Projection, graph: ChipGraph, payload: Payload = BINARY) -> Synapses:
    """The only part of a projection without delays."""
    (part,) = synapses_of(graph, projection, payload, "cpu")
    return part


def engine_events(events: NDArray[Any], graph: ChipGraph, payload: Payload = BINARY) -> Tensor:
    """Events [M, *shape] as the engine holds them: bytes where they fit, channels last."""
    narrow = min(payload) >= 0 and max(payload) <= 127
    flat = channels_last(events.reshape(len(events), *graph.input.shape), graph.input.shape)
    return torch.from_numpy(np.ascontiguousarray(flat, dtype=np.uint8 if narrow else np.int32))


def assert_sums(part: Synapses, events: Tensor, sums: IntArray, target: tuple[int, ...]) -> None:
    """Both ways of the part give these sums [M, targets]."""
    expected = channels_last(sums.reshape(len(sums), *target), target)
    for product in ways(part.products):
        found = product(events).to(torch.int64).numpy()
        if part.narrow:
            found = (found + 2**23) % 2**24 - 2**23
        assert np.array_equal(found, expected), product


def ways(products: Products) -> Iterator[Product]:
    """For any events, and for rare ones."""
    yield products.full
    if products.rare is not None:
        yield products.rare


def direct(graph: ChipGraph, projection: Projection, events: IntArray) -> tuple[IntArray, IntArray]:
    """Sums [M, targets] and synaptic operations [M], synapse by synapse."""
    sums = np.zeros((len(events), graph.population("target").neurons), dtype=np.int64)
    hits = np.zeros(len(events), dtype=np.int64)
    for target, source, weight, _ in connections(graph, projection):
        sums[:, target] += weight * events[:, source]
        hits += events[:, source] != 0
    if isinstance(projection, ConvProjection):
        sums = (sums + 2**23) % 2**24 - 2**23
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


PAYLOADS: list[Payload] = [BINARY, (0, 127), (-5, 300), (-40_000, 40_000)]


@settings(deadline=None)
@given(convolutions(), st.sampled_from(PAYLOADS), st.integers(0, 2**32))
def test_conv_sums_equal_direct_sums(
    drawn: tuple[ConvProjection, tuple[int, int, int]], payload: Payload, seed: int
) -> None:
    """Stride, padding, dilation and groups of any kind, edges included, either way."""
    projection, shape = drawn
    target = conv_output_shape(projection, shape)
    graph = graph_of(projection, shape, target)
    part = prepared(projection, graph, payload)
    rng = np.random.default_rng(seed)
    events = rng.integers(payload[0], payload[1] + 1, (5, int(np.prod(shape))))
    sums, hits = direct(graph, projection, events)
    given_events = engine_events(events, graph, payload)
    assert_sums(part, given_events, sums, target)
    assert np.array_equal(part.operations(given_events).numpy(), hits)
    part.prove(given_events)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("source", [(70,), (3, 4, 5)])
def test_dense_sums_equal_direct_sums(payload: Payload, source: tuple[int, ...]) -> None:
    """From flat populations and from maps, in C, H, W order."""
    rng = np.random.default_rng(7)
    count = int(np.prod(source))
    projection = DenseProjection("source", "target", rng.integers(-256, 255, (9, count)))
    graph = graph_of(projection, source, (9,))
    part = prepared(projection, graph, payload)
    events = rng.integers(payload[0], payload[1] + 1, (6, count))
    sums, hits = direct(graph, projection, events)
    given_events = engine_events(events, graph, payload)
    assert_sums(part, given_events, sums, (9,))
    assert np.array_equal(part.operations(given_events).numpy(), hits)
    part.prove(given_events)


def test_a_dense_layer_may_lead_into_maps() -> None:
    """Targets in C, H, W order too."""
    rng = np.random.default_rng(8)
    projection = DenseProjection("source", "target", rng.integers(-256, 255, (24, 10)))
    graph = graph_of(projection, (10,), (2, 3, 4))
    events = rng.integers(0, 2, (5, 10))
    sums, _ = direct(graph, projection, events)
    assert_sums(prepared(projection, graph), engine_events(events, graph), sums, (2, 3, 4))


def conv(weight: IntArray, shape: tuple[int, int, int]) -> tuple[ConvProjection, ChipGraph]:
    """A plain convolution in its graph."""
    projection = ConvProjection("source", "target", weight)
    return projection, graph_of(projection, shape, conv_output_shape(projection, shape))


@pytest.mark.parametrize(
    ("weights", "payload", "kind"),
    [
        ([-256, 254], BINARY, IntegerConvolution),
        ([-128, 127], (0, 127), IntegerConvolution),
        ([-256, 253], BINARY, FloatConvolution),
        ([-256, 254], (0, 128), FloatConvolution),
        ([-256, 254], (-1, 1), FloatConvolution),
        ([-256, 254], (0, 30_000), PatchProduct),
    ],
)
def test_the_narrowest_exact_type_computes_a_convolution(
    weights: list[int], payload: Payload, kind: type
) -> None:
    """8-bit integers where weights, halved if even, and payloads fit; then float32; then 64."""
    rng = np.random.default_rng(9)
    projection, graph = conv(rng.choice(weights, (4, 2, 3, 3)), (2, 6, 5))
    part = prepared(projection, graph, payload)
    if kind is IntegerConvolution and not integer_operators():
        kind = FloatConvolution
    assert isinstance(part.products.full, kind)
    events = rng.integers(payload[0], payload[1] + 1, (3, 60))
    sums, _ = direct(graph, projection, events)
    target = graph.population("target").shape
    assert_sums(part, engine_events(events, graph, payload), sums, target)


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
    limits = (-payload, payload)
    part = prepared(projection, graph, limits)
    assert isinstance(part.products.full, MatrixProduct)
    assert part.products.full.weight.dtype == dtype
    events = np.full((2, 64), payload)
    events[1, 1::3] = -payload + 1
    sums, _ = direct(graph, projection, events)
    assert_sums(part, engine_events(events, graph, limits), sums, (3,))


def test_wide_matrices_run_in_8_bit_integers() -> None:
    """And give what 64-bit integers give."""
    rng = np.random.default_rng(10)
    projection, graph = dense(2 * rng.integers(-128, 128, (7, 2000)))
    part = prepared(projection, graph)
    assert isinstance(part.products.full, IntegerMatrix) == integer_operators()
    events = rng.integers(0, 2, (3, 2000))
    assert_sums(part, engine_events(events, graph), direct(graph, projection, events)[0], (7,))


def test_the_float32_bound_is_two_to_the_24() -> None:
    """One below it float32 is still exact; at it the wider type takes over."""
    for total, dtype in ((FLOAT32_EXACT - 1, torch.float32), (FLOAT32_EXACT, torch.float64)):
        projection, graph = dense(np.array([[total - 1, -1]]))
        part = prepared(projection, graph)
        assert isinstance(part.products.full, MatrixProduct)
        assert part.products.full.weight.dtype == dtype
        events = torch.tensor([[1, 0], [1, 1]], dtype=torch.uint8)
        assert part.sums(events).tolist() == [[total - 1], [total - 2]]


def test_conv_sums_wrap_at_24_bits() -> None:
    """Lava wraps the sums of a convolution, 2^23 to -2^23; a dense layer's stay."""
    weight = np.full((1, 1, 1, 2), 1 << 22)
    projection = ConvProjection("source", "target", weight)
    payload = (-3, 3)
    part = prepared(projection, graph_of(projection, (1, 1, 2), (1, 1, 1)), payload)
    events = torch.tensor([[1, 0], [1, 1], [2, 1], [-1, -1], [-1, -2], [3, 3]], dtype=torch.int32)
    wrapped = [1 << 22, -(1 << 23), -(1 << 22), -(1 << 23), 1 << 22, -(1 << 23)]
    assert part.narrow
    assert_sums(part, events, np.array(wrapped)[:, None], (1, 1, 1))
    flat, graph = dense(weight.reshape(1, 2))
    assert prepared(flat, graph, payload).sums(events[1:2]).tolist() == [[1 << 23]]


def test_dense_sums_wrap_at_32_bits() -> None:
    """Beyond 2^31 the upper bits are lost, either way."""
    projection, graph = dense(np.full((1, 1000), 254))
    part = prepared(projection, graph, (0, 10_000))
    events = engine_events(np.full((1, 1000), 10_000), graph, (0, 10_000))
    assert_sums(part, events, np.array([[2_540_000_000 - 2**32]]), (1,))


def test_delays_split_a_projection() -> None:
    """Parts add up to the whole matrix, and each counts its own synapses."""
    rng = np.random.default_rng(0)
    weight, delay = rng.integers(-9, 9, (4, 6)), rng.integers(0, 3, (4, 6))
    projection, graph = dense(weight, delay)
    parts = synapses_of(graph, projection, BINARY, "cpu")
    assert [part.delay for part in parts] == [0, 1, 2]
    everyone = torch.ones((1, 6), dtype=torch.uint8)
    total = torch.stack([part.sums(everyone) for part in parts]).sum(dim=0)
    assert total.tolist() == [weight.sum(axis=1).tolist()]
    assert [int(part.operations(everyone)) for part in parts] == [
        int((delay == k).sum()) for k in range(3)
    ]


def test_small_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows fit the cache, the sums are the same."""
    rng = np.random.default_rng(1)
    projection, graph = conv(rng.integers(-9, 9, (3, 2, 2, 2)), (2, 5, 5))
    payload = (-70_000, 70_000)
    part = prepared(projection, graph, payload)
    part = replace(part, products=replace(part.products, rare=None))
    whole_product = (
        PatchProduct.of(part.products.full.geometry, projection.weight, torch.float64, "cpu")
        if isinstance(part.products.full, FloatConvolution)
        else part.products.full
    )
    events = engine_events(rng.integers(*payload, (7, 50)), graph, payload)
    whole = whole_product(events)
    monkeypatch.setattr(patches, "CHUNK_BYTES", 1)
    assert torch.equal(whole_product(events), whole)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.9])
def test_rare_events_are_added_one_by_one(rate: float) -> None:
    """The cost model chooses, and whatever it chooses gives the same sums."""
    rng = np.random.default_rng(2)
    projection, graph = conv(2 * rng.integers(-128, 128, (16, 8, 3, 3)), (8, 12, 12))
    part = prepared(projection, graph)
    events = engine_events((rng.random((4, 8 * 144)) < rate).astype(np.int64), graph)
    chosen = part.products.best(int(events.sum()), 4)
    assert chosen is (part.products.full if rate > 0.5 else part.products.rare)
    assert torch.equal(
        part.sums(events).to(torch.int64), part.products.full(events).to(torch.int64)
    )


def test_reduced_precision_is_noticed() -> None:
    """A product that rounds, as TF32's does, is refused by name."""
    projection, graph = dense(np.array([[253, 250, -249]]))
    part = prepared(projection, graph)
    assert isinstance(part.products.full, MatrixProduct)
    rounding = MatrixProduct(part.products.full.weight.to(torch.bfloat16))

    def rounded(events: Tensor) -> Tensor:
        return rounding(events)

    broken = replace(part, products=replace(part.products, full=rounded))
    with pytest.raises(SimulationError, match=r"'source' -> 'target'.*aren't exact"):
        broken.prove(torch.tensor([[1, 1, 0]], dtype=torch.uint8))


def test_extreme_integers_prove_a_product_beyond_the_first_batch() -> None:
    """A product that is right on quiet events and wrong on the largest sums is refused."""
    rng = np.random.default_rng(3)
    projection, graph = conv(2 * rng.integers(-128, 128, (4, 3, 3, 3)), (3, 6, 6))
    part = prepared(projection, graph)
    assert isinstance(part.products.rare, RareConvolution)
    geometry = part.products.rare.geometry

    class Saturating(FloatConvolution):
        def __call__(self, events: Tensor) -> Tensor:
            return super().__call__(events).clamp(-3000, 3000)

    def saturating(weight: IntArray) -> Saturating:
        return Saturating(geometry, FloatConvolution.of(geometry, weight).weight)

    products = replace(part.products, full=saturating(projection.weight), rebuilt=saturating)
    broken = replace(part, products=products)
    events = torch.zeros((2, 108), dtype=torch.uint8)
    events[0, 0] = 1
    with pytest.raises(SimulationError, match="aren't exact"):
        broken.prove(events)


@pytest.mark.parametrize("payload", [(0, 2000), (0, 1)])
def test_every_exact_type_gets_a_proof_of_its_own(payload: Payload) -> None:
    """Odd weights beyond 8 bits run in floats, whose proof mustn't be that of 8-bit integers."""
    projection, graph = conv(np.full((2, 3, 3, 3), 253), (3, 5, 5))
    part = prepared(projection, graph, payload)
    proven: list[type] = []

    def rebuilt(weight: IntArray) -> Product:
        product = part.products.rebuilt(weight)
        proven.append(type(product))
        return product

    watched = replace(part, products=replace(part.products, rebuilt=rebuilt))
    events = engine_events(np.ones((2, 75), dtype=np.int64), graph, payload)
    watched.prove(events)
    watched.prove(events)
    assert proven == [type(part.products.full)]


def test_reduced_precision_is_avoided() -> None:
    """With torch's fast modes allowed, products run in float64."""
    projection, graph = dense(np.array([[253, 251]]))
    torch.set_float32_matmul_precision("medium")
    try:
        full = prepared(projection, graph).products.full
        assert isinstance(full, MatrixProduct)
        assert full.weight.dtype == torch.float64
    finally:
        torch.set_float32_matmul_precision("highest")


def test_a_sum_beyond_what_float64_counts_is_refused() -> None:
    """The message names the projection, the bound and the limit."""
    projection, graph = dense(np.full((1, 10), 1 << 50))
    with pytest.raises(SimulationError, match=r"'source' -> 'target'.*11258999068426240.*9007199"):
        synapses_of(graph, projection, BINARY, "cpu")
