"""Non-zero synapses per source neuron against torch's own convolution."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d

from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection
from hwsim.alternatives.nonzero_fanout import nonzero_fan_out
from tests.cost_example import population
from tests.hwsim.alternatives.toy import A_TO_B, toy_graph


def impulse_counts(projection: ConvProjection, source: tuple[int, ...]) -> list[int]:
    """For each source neuron alone, the outputs that a kernel of ones and zeros gives it."""
    size = int(np.prod(source))
    impulses = torch.eye(size, dtype=torch.float64).reshape(size, *source)
    answers = conv2d(
        impulses,
        torch.from_numpy((projection.weight != 0).astype(np.float64)),
        stride=projection.stride,
        padding=projection.padding,
        dilation=projection.dilation,
        groups=projection.groups,
    )
    return [int(count) for count in answers.sum(dim=(1, 2, 3))]


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[ChipGraph, ConvProjection]:
    """A convolution with zeros among its weights, and the graph around it."""
    few = st.integers(1, 3)
    groups, kernel = draw(st.integers(1, 2)), (draw(few), draw(few))
    stride, dilation = (draw(few), draw(few)), (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    padding = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    inputs, outputs = groups * draw(few), groups * draw(few)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [max(draw(st.integers(1, 7)), r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    weight = rng.integers(-1, 2, (outputs, inputs // groups, *kernel)) * 2
    projection = ConvProjection("in", "out", weight, stride, padding, dilation, groups)
    target = [
        (s + 2 * p - r) // step + 1
        for s, p, r, step in zip(size, padding, reach, stride, strict=True)
    ]
    return ChipGraph(
        input=ChipInput("in", "spikes", (inputs, *size)),
        populations=(population("out", (outputs, *target)),),
        projections=(projection,),
    ), projection


@settings(max_examples=150, deadline=None)
@given(convolutions())
def test_convolutions_equal_torch_on_impulses(case: tuple[ChipGraph, ConvProjection]) -> None:
    """Strides, padding, dilation, groups and zero weights, all at once."""
    graph, projection = case
    assert nonzero_fan_out(graph, projection).tolist() == impulse_counts(
        projection, graph.input.shape
    )


@settings(max_examples=50, deadline=None)
@given(convolutions())
def test_without_zero_weights_it_is_the_stored_fan_out(
    case: tuple[ChipGraph, ConvProjection],
) -> None:
    """Both ways of counting agree where every weight counts."""
    graph, projection = case
    full = replace(projection, weight=np.ones_like(projection.weight))
    assert nonzero_fan_out(graph, full).tolist() == fan_out(graph, full).tolist()


def test_dense() -> None:
    """Columns of [[2, 0, -4], [6, 8, 0]]."""
    assert nonzero_fan_out(toy_graph(), DenseProjection("a", "b", A_TO_B)).tolist() == [2, 1, 1]
