"""Composition must not change a sum: integers in float64 show every difference."""

import nir
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from export.errors import LimitExceeded
from export.graph_order import in_order
from export.quantizing import compose as compose_module
from export.quantizing.compose import FloatConv, FloatDense, compose, currents, macs
from export.quantizing.segments import Path, Segment
from tests.other_networks import chain

Pair = tuple[int, int]


def segment(shape: tuple[int, ...], *nodes: nir.NIRNode) -> Segment:
    """A segment of these nodes on inputs of this shape."""
    named = {f"l{index:03d}": node for index, node in enumerate(nodes)}
    all_nodes = {"input": nir.Input(np.array(shape)), **named, "output": nir.Output(np.array([1]))}
    source, *ordered, _ = in_order(nir.NIRGraph(all_nodes, chain(all_nodes), type_check=False))
    last = ordered[-1]
    return Segment((source,), tuple(ordered), (last.name,), last.name, None, last.shape)


def sum_pool(kernel: Pair, stride: Pair, padding: Pair = (0, 0)) -> nir.SumPool2d:
    """Sum pooling."""
    return nir.SumPool2d(np.array(kernel), np.array(stride), np.array(padding))


def convolution(
    rng: np.random.Generator,
    channels: Pair,
    kernel: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> nir.Conv2d:
    """A convolution with small integer weights and biases."""
    weight = rng.integers(-9, 10, size=(channels[1], channels[0] // groups, *kernel))
    bias = rng.integers(-9, 10, size=channels[1])
    return nir.Conv2d(
        None, weight.astype(np.float32), stride, padding, dilation, groups, bias.astype(np.float32)
    )


def integers(rng: np.random.Generator, *shape: int) -> Tensor:
    """Integer inputs in float64: sums of products stay exact."""
    return torch.from_numpy(rng.integers(-9, 10, size=shape).astype(np.float64))


def by_torch(x: Tensor, *nodes: nir.NIRNode) -> Tensor:
    """What torch's own functions make of the nodes, one after the other."""
    for node in nodes:
        if isinstance(node, nir.SumPool2d):
            kernel, stride = node.kernel_size.tolist(), node.stride.tolist()
            top, left = node.padding.tolist()
            padded = F.pad(x, (left, left, top, top))
            x = F.avg_pool2d(padded, kernel, stride, divisor_override=1)
        elif isinstance(node, nir.Conv2d):
            weight, bias = (torch.from_numpy(a).double() for a in (node.weight, node.bias))
            x = F.conv2d(x, weight, bias, node.stride, node.padding, node.dilation, node.groups)
        elif isinstance(node, nir.Flatten):
            x = x.flatten(1)
        else:
            x = F.linear(x, *(torch.from_numpy(a).double() for a in (node.weight, node.bias)))
    return x


def apply(composed: FloatConv | FloatDense, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What one convolution, or one matrix, makes of the inputs."""
    weight, bias = torch.from_numpy(composed.weight), torch.from_numpy(composed.bias)
    if isinstance(composed, FloatConv):
        return F.conv2d(
            x, weight, bias, composed.stride, composed.padding, composed.dilation, composed.groups
        )
    return F.linear(x.flatten(1), weight, bias).reshape(-1, *shape)


def exact(given_shape: tuple[int, ...], *nodes: nir.NIRNode) -> FloatConv | FloatDense:
    """The composition, after checking that it computes the same as its nodes, to the last bit."""
    part = segment(given_shape, *nodes)
    composed = compose(part)
    x = integers(np.random.default_rng(1), 3, *given_shape)
    expected = by_torch(x, *nodes)
    assert tuple(expected.shape[1:]) == part.shape
    assert torch.equal(apply(composed, x, part.shape), expected)
    np.testing.assert_array_equal(currents(part, x.numpy()), expected.numpy())
    return composed


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
small = st.tuples(st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(4, 11), st.integers(4, 11)),
    pool=pairs,
    pool_stride=pairs,
    pool_padding=small,
    kernel=pairs,
    stride=pairs,
    padding=small,
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    channels=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.integers(1, 2),
)
def test_pooling_and_convolution_compose(
    size: Pair,
    pool: Pair,
    pool_stride: Pair,
    pool_padding: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    channels: Pair,
    groups: int,
) -> None:
    """Every size, stride, padding, dilation and group: exact, and a convolution if that can be."""
    assume(all(2 * zeros <= k for zeros, k in zip(pool_padding, pool, strict=True)))
    pooled = [
        (n + 2 * zeros - k) // s + 1
        for n, k, s, zeros in zip(size, pool, pool_stride, pool_padding, strict=True)
    ]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    assume(all(n + 2 * p >= r for n, p, r in zip(pooled, padding, reach, strict=True)))
    channels = (groups * channels[0], groups * channels[1])
    conv = convolution(
        np.random.default_rng(0), channels, kernel, stride, padding, dilation, groups
    )
    composed = exact((channels[0], *size), sum_pool(pool, pool_stride, pool_padding), conv)
    tiles = all(
        not p or (k <= s + zeros and m * s - zeros >= n)
        for p, k, s, zeros, m, n in zip(
            padding, pool, pool_stride, pool_padding, pooled, size, strict=True
        )
    )
    assert isinstance(composed, FloatConv) == tiles
    assert isinstance(composed, FloatDense) or composed.groups == groups


def test_the_digits_network_becomes_a_strided_convolution() -> None:
    """Pooling 2x2 before a padded 3x3 convolution is a 6x6 convolution of stride 2, padding 2."""
    conv = convolution(np.random.default_rng(0), (2, 3), (3, 3), padding=(1, 1))
    composed = exact((2, 8, 8), sum_pool((2, 2), (2, 2)), conv)
    assert isinstance(composed, FloatConv)
    assert composed.weight.shape == (3, 2, 6, 6)
    assert (composed.stride, composed.padding, composed.dilation) == ((2, 2), (2, 2), (1, 1))


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(6, 13),
    first=st.integers(1, 3),
    second=st.integers(1, 2),
    padding=st.integers(0, 1),
)
def test_several_poolings_compose(size: int, first: int, second: int, padding: int) -> None:
    """Two poolings fold one after the other, or fall back together."""
    conv = convolution(np.random.default_rng(0), (1, 2), (2, 2), padding=(padding, padding))
    assume(size // first // second + 2 * padding >= 2)
    nodes = (sum_pool((first,) * 2, (first,) * 2), sum_pool((second,) * 2, (second,) * 2))
    composed = exact((1, size, size), *nodes, conv)
    divides = size % first == 0 and size // first % second == 0
    assert isinstance(composed, FloatConv) == (divides or not padding)


def test_odd_sizes_fall_back_to_a_matrix() -> None:
    """7 rows pooled by 2 leave one unseen, which the padding of a convolution would see."""
    conv = convolution(np.random.default_rng(0), (1, 2), (3, 3), padding=(1, 1))
    assert isinstance(exact((1, 7, 7), sum_pool((2, 2), (2, 2)), conv), FloatDense)


def test_a_pool_whose_zeros_a_convolution_would_miss_falls_back_to_a_matrix() -> None:
    """3x3 pooling of stride 2 sees the last row of 8 in its last window; padding would again."""
    conv = convolution(np.random.default_rng(0), (2, 2), (3, 3), padding=(1, 1))
    padded = sum_pool((3, 3), (2, 2), (1, 1))
    assert isinstance(exact((2, 8, 8), padded, conv), FloatDense)


def test_an_odd_row_that_never_fires_needs_no_matrix() -> None:
    """What the pool leaves out is as good as the padding's zeros if its neurons are silent."""
    conv = convolution(np.random.default_rng(0), (2, 2), (3, 3), padding=(1, 1))
    nodes = (sum_pool((2, 2), (2, 2)), conv)
    part = segment((2, 7, 7), *nodes)
    composed = compose(part, (6, 6))
    assert isinstance(composed, FloatConv)
    assert isinstance(compose(part, (7, 6)), FloatDense)
    x = integers(np.random.default_rng(2), 3, 2, 7, 7)
    x[:, :, 6:], x[..., 6:] = 0, 0
    assert torch.equal(apply(composed, x, part.shape), by_torch(x, *nodes))
    twice = (sum_pool((2, 2), (2, 2)), *nodes)
    part = segment((2, 15, 15), *twice)
    assert isinstance(compose(part, (13, 12)), FloatDense)
    composed = compose(part, (12, 12))
    x = integers(np.random.default_rng(2), 3, 2, 15, 15)
    x[:, :, 12:], x[..., 12:] = 0, 0
    assert torch.equal(apply(composed, x, part.shape), by_torch(x, *twice))


def test_bare_spikes_are_an_identity() -> None:
    """Without a layer on the way: a 1x1 convolution per channel, pooled or not, or unit weights."""
    shape = (3, 4, 4)
    identity = compose(Path("a", shape, (), "b", shape))
    assert isinstance(identity, FloatConv)
    assert (identity.weight.shape, identity.groups) == ((3, 1, 1, 1), 3)
    x = integers(np.random.default_rng(2), 3, *shape)
    assert torch.equal(apply(identity, x, shape), x)
    pooled = exact(shape, sum_pool((2, 2), (2, 2)))
    assert isinstance(pooled, FloatConv)
    assert (pooled.weight.shape, pooled.stride, pooled.groups) == ((3, 1, 2, 2), (2, 2), 3)
    averaged = compose(segment(shape, nir.AvgPool2d(*(np.array([2, 2]),) * 2, np.array([0, 0]))))
    np.testing.assert_array_equal(averaged.weight, pooled.weight / 4)
    flat = compose(Path("a", (5,), (), "b", (5,)))
    assert isinstance(flat, FloatDense)
    np.testing.assert_array_equal(flat.weight, np.eye(5))


def test_linear_layers_become_one_matrix() -> None:
    """Pooling, flattening and several matrices: one matrix in C, H, W order."""
    rng = np.random.default_rng(0)
    first, second = (
        nir.Affine(
            rng.integers(-9, 10, size=shape).astype(np.float32),
            rng.integers(-9, 10, size=shape[0]).astype(np.float32),
        )
        for shape in ((5, 12), (4, 5))
    )
    flatten = nir.Flatten({"input": np.array([3, 2, 2])}, 0, -1)
    composed = exact((3, 4, 4), sum_pool((2, 2), (2, 2)), flatten, first, second)
    assert isinstance(composed, FloatDense)
    assert composed.weight.shape == (4, 48)


def test_many_sources_are_probed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix with more columns than fit into one batch of probes has all of them."""
    monkeypatch.setattr(compose_module, "PROBES_AT_ONCE", 7)
    conv = convolution(np.random.default_rng(0), (1, 2), (3, 3), padding=(1, 1))
    assert isinstance(exact((1, 5, 5), sum_pool((2, 2), (2, 2)), conv), FloatDense)


def test_a_missing_bias_is_zero() -> None:
    """NIR's Linear has none, and a convolution in memory may lack it."""
    conv = convolution(np.random.default_rng(0), (1, 2), (3, 3))
    conv.bias = None
    composed = compose(segment((1, 5, 5), conv))
    np.testing.assert_array_equal(composed.bias, np.zeros(2))
    linear = compose(segment((4,), nir.Linear(np.ones((3, 4), dtype=np.float32))))
    np.testing.assert_array_equal(linear.bias, np.zeros(3))


def test_a_matrix_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is written out, naming both ends and both numbers."""
    monkeypatch.setattr(compose_module, "MAX_MATRIX_ELEMENTS", 49 * 18 - 1)
    conv = convolution(np.random.default_rng(0), (1, 2), (3, 3), padding=(1, 1))
    part = segment((1, 7, 7), sum_pool((2, 2), (2, 2)), conv)
    with pytest.raises(LimitExceeded, match=r"node 'l001': its path from 'input' .* 882 .* 881"):
        compose(part)


def test_multiply_accumulates_are_counted() -> None:
    """One per weight and output position; pooling only adds."""
    conv = convolution(np.random.default_rng(0), (2, 4), (3, 5), stride=(1, 2), groups=2)
    assert macs(segment((2, 8, 9), conv)) == 4 * 6 * 3 * (1 * 3 * 5)
    affine = nir.Affine(np.ones((3, 8), dtype=np.float32), np.ones(3, dtype=np.float32))
    flatten = nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1)
    assert macs(segment((2, 4, 4), sum_pool((2, 2), (2, 2)), flatten, affine)) == 24
