"""Synapses per spike, against a walk over every edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.check_graph import conv_output_shape
from export.chip.fanout import fan_out, synapses
from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection
from tests.cost_example import digits_graph, population

pair = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def conv_graphs(draw: st.DrawFn) -> ChipGraph:
    """Two populations joined by any convolution that leaves at least one output."""
    groups = draw(st.integers(1, 2))
    source = (groups * draw(st.integers(1, 2)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    weight = np.zeros((groups * draw(st.integers(1, 3)), source[0] // groups, *draw(pair)))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    projection = ConvProjection(
        "a", "b", weight.astype(np.int64), draw(pair), padding, draw(pair), groups
    )
    target = conv_output_shape(projection, source)
    if min(target) < 1:
        projection = ConvProjection("a", "b", weight[:, :, :1, :1].astype(np.int64), groups=groups)
        target = conv_output_shape(projection, source)
    return ChipGraph(
        ChipInput("a", "bias", source),
        (population("a", source), population("b", target)),
        (projection,),
    )


def edges_walked(graph: ChipGraph, projection: ConvProjection) -> np.ndarray:
    """Every output neuron and kernel tap, one by one."""
    channels, height, width = graph.source_shape("a")
    hits = np.zeros((channels, height, width), dtype=np.int64)
    outputs, inputs, kernel_rows, kernel_columns = projection.weight.shape
    _, rows, columns = graph.population("b").shape
    for o, y, x, i, ky, kx in np.ndindex(
        outputs, rows, columns, inputs, kernel_rows, kernel_columns
    ):
        channel = o // (outputs // projection.groups) * inputs + i
        row = y * projection.stride[0] - projection.padding[0] + ky * projection.dilation[0]
        column = x * projection.stride[1] - projection.padding[1] + kx * projection.dilation[1]
        if 0 <= row < height and 0 <= column < width:
            hits[channel, row, column] += 1
    return hits.ravel()


@settings(max_examples=150, deadline=None)
@given(conv_graphs())
def test_conv_fan_out_is_every_edge_walked(graph: ChipGraph) -> None:
    """For any stride, padding, dilation and groups, each source neuron's true edges are counted."""
    projection = graph.projections[0]
    assert isinstance(projection, ConvProjection)
    np.testing.assert_array_equal(fan_out(graph, projection), edges_walked(graph, projection))


def test_padded_convolution_has_fewer_edges_at_the_border() -> None:
    """A 3x3 kernel over 3x3 neurons with padding 1: 4 at corners, 6 at edges, 9 in the middle."""
    projection = ConvProjection("a", "b", np.ones((1, 1, 3, 3), dtype=np.int64), padding=(1, 1))
    graph = ChipGraph(
        ChipInput("a", "bias", (1, 3, 3)),
        (population("a", (1, 3, 3)), population("b", (1, 3, 3))),
        (projection,),
    )
    assert fan_out(graph, projection).tolist() == [4, 6, 4, 6, 9, 6, 4, 6, 4]


def test_dense_fan_out_is_every_target() -> None:
    """All-to-all: each source hits every target, weights of zero included."""
    projection = DenseProjection("a", "b", np.zeros((3, 2), dtype=np.int64))
    graph = ChipGraph(
        ChipInput("a", "bias", (2,)), (population("a", (2,)), population("b", (3,))), (projection,)
    )
    assert fan_out(graph, projection).tolist() == [3, 3]


def test_external_input_has_a_fan_out_too() -> None:
    """A projection from outside counts over the input's own neurons."""
    projection = DenseProjection("input", "b", np.ones((3, 5), dtype=np.int64))
    graph = ChipGraph(ChipInput("input", "spikes", (5,)), (population("b", (3,)),), (projection,))
    assert fan_out(graph, projection).tolist() == [3] * 5
    assert synapses(graph) == 15


@pytest.mark.parametrize(("kernel", "stored"), [("conv", 32 * 16 * 20 * 20), ("dense", 5120)])
def test_synapses_of_the_digits_network(kernel: str, stored: int) -> None:
    """6x6, stride 2, padding 2 on 8x8: per axis 4 outputs x 6 taps less 4 in the padding = 20."""
    graph = digits_graph()
    projection = graph.projections[0 if kernel == "conv" else 1]
    assert int(fan_out(graph, projection).sum()) == stored
