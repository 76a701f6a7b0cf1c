"""A chip graph that contradicts itself is refused by the name of what is wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from export.chip.check_graph import check_graph, conv_output_shape
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Readout
from export.errors import InvalidGraph
from tests.small_chip_graphs import chain, diamond, population, skip

GRAPH = chain(1, "bias").graph(4)


def with_population(index: int, **fields: Any) -> ChipGraph:
    """One population changed."""
    populations = list(GRAPH.populations)
    populations[index] = replace(populations[index], **fields)
    return replace(GRAPH, populations=tuple(populations))


def with_projection(index: int, **fields: Any) -> ChipGraph:
    """One projection changed."""
    projections = list(GRAPH.projections)
    projections[index] = replace(projections[index], **fields)
    return replace(GRAPH, projections=tuple(projections))


def delayed(delay: Any) -> ChipGraph:
    """Delays on the dense projection."""
    conv, dense = GRAPH.projections
    slow = DenseProjection(dense.source, dense.target, dense.weight, delay)
    return replace(GRAPH, projections=(conv, slow))


def weighted(weights: tuple[float, ...], steps: int | None = 4, **fields: Any) -> ChipGraph:
    """A readout with weights, its population changed."""
    graph = chain(1, "bias").readout(3).graph(steps)
    *hidden, last = graph.populations
    return replace(
        graph,
        populations=(*hidden, replace(last, **fields)),
        readouts=(Readout(last.name, 1.0, weights),),
    )


CASES = {
    "empty": (replace(GRAPH, populations=()), "has no population"),
    "double": (with_population(1, name="input"), "two populations are called 'input'"),
    "no input": (
        replace(GRAPH, input=replace(GRAPH.input, name="x")),
        "needs a population 'x'",
    ),
    "input shape": (
        replace(GRAPH, input=replace(GRAPH.input, shape=(2, 4, 4))),
        r"isn't the input's \(2, 4, 4\)",
    ),
    "source name": (
        replace(GRAPH, input=replace(GRAPH.input, form="spikes")),
        "has the name of a population",
    ),
    "no steps": (replace(GRAPH, time_steps=0), "time_steps is 0, must be 1 to 1048576"),
    "many steps": (replace(GRAPH, time_steps=(1 << 20) + 1), "time_steps is 1048577, must be 1"),
    "unknown source": (with_projection(0, source="x"), "there is no 'x'. Known: input, p1, p2"),
    "unknown target": (with_projection(1, target="y"), "there is no 'y'"),
    "shape": (with_population(2, shape=(5, 1)), r"shape \(5, 1\) must be"),
    "dtype": (with_population(1, threshold=np.array(1.5)), "threshold: dtype float64"),
    "parameter": (with_population(2, decay_v=np.zeros(4, int)), r"decay_v has shape \(4,\)"),
    "bias": (with_population(2, bias=np.zeros(4, int)), r"bias of shape \(4,\) can't be"),
    "input bias": (with_population(0, bias=np.array(3)), "the host writes its biases"),
    "matrix": (with_projection(1, weight=np.ones((5, 4), int)), r"expected \(targets, sources\)"),
    "delay shape": (delayed(np.zeros((5, 4), int)), r"delay has shape \(5, 4\)"),
    "delay sign": (delayed(np.full((5, 30), -2)), "delay -2 is negative"),
    "conv ends": (with_projection(0, target="p2"), r"joins \(C, H, W\) to"),
    "kernel": (with_projection(0, weight=np.ones((3, 2, 2), int)), r"\(O, I/groups, kH, kW\)"),
    "stride": (with_projection(0, stride=(0, 1)), r"stride \(0, 1\)"),
    "padding": (with_projection(0, padding=(-1, 0)), r"padding \(-1, 0\)"),
    "groups": (with_projection(0, groups=2), "don't divide into 2 groups of 2"),
    "output": (with_projection(0, padding=(0, 0)), r"makes \(3, 3, 2\), the population is"),
    "readout": (replace(GRAPH, readouts=(Readout("z", 1.0),)), "no population 'z'"),
    "weights": (weighted((1.0, 2.0)), "'p3': weights for 2 steps.*time_steps is 4"),
    "weights alone": (weighted((1.0, 2.0), None), "weights for 2 steps.*time_steps is None"),
    "weight value": (weighted((1.0, 2.0, 3.0, np.nan)), "'p3': a weight is NaN or infinite"),
    "weighted leak": (
        weighted((1.0, 2.0, 3.0, 4.0), decay_v=np.array([0, 0, 7])),
        r"'p3': its voltage leaks \(decay_v up to 7\)",
    ),
    "steps": (replace(GRAPH, time_steps=0), "time_steps is 0"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_contradictions_are_refused(case: tuple[ChipGraph, str]) -> None:
    """One line that names population or projection, value and expectation."""
    graph, message = case
    with pytest.raises(InvalidGraph, match=message) as raised:
        check_graph(graph)
    assert "\n" not in str(raised.value)


def test_sound_graphs_pass() -> None:
    """Chains, skips, diamonds, and biases of every broadcastable shape."""
    for graph in (GRAPH, diamond(2), skip(3), chain(4, "graded").readout(2).graph()):
        check_graph(graph)
    check_graph(weighted((0.0, -1.0, 2.5, 1e-3)))
    for shape in ((), (3, 1, 1), (3, 5, 2)):
        check_graph(with_population(1, bias=np.ones(shape, dtype=np.int64)))
    assert population("p", (4, 3, 2)).neurons == 24


def test_conv_shapes_are_torchs() -> None:
    """PyTorch's own convolution makes maps of the same shape."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        kernel, stride, dilation = rng.integers(1, 4, (3, 2)).tolist()
        padding = rng.integers(0, 3, 2).tolist()
        room = rng.integers(0, 6, 2).tolist()
        size = [d * (k - 1) + 1 + r for k, d, r in zip(kernel, dilation, room, strict=True)]
        weight = np.ones((4, 3, *kernel), dtype=np.int64)
        projection = ConvProjection(
            "a", "b", weight, tuple(stride), tuple(padding), tuple(dilation)
        )
        made = torch.nn.functional.conv2d(
            torch.zeros(1, 3, *size), torch.zeros(4, 3, *kernel), None, stride, padding, dilation
        )
        assert conv_output_shape(projection, (3, *size)) == tuple(made.shape[1:])
