"""x / 255 and factors per channel go into the first weights; raw values then enter the graph."""

import nir
import numpy as np
import pytest

from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.folding.input_scaling import fold_input_scaling
from tests.folding_check import assert_lossless, kinds
from tests.inserted_nodes import inserted
from tests.random_bodies import SEEDS, SHAPE, subject


def scaled(graph: nir.NIRGraph, factor: float | np.ndarray) -> nir.NIRGraph:
    """The graph behind a Scale of its input."""
    scale = nir.Scale(np.broadcast_to(factor, SHAPE).copy())
    return inserted(graph, "input", "a_scale", scale)


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes(seed: int) -> None:
    """x / 255 on bytes is what the network does on x in 0..1; no scale is left."""
    given = subject(seed)
    inputs = np.round(given.inputs * 255)
    after = assert_lossless(fold_input_scaling, scaled(given.graph, 1 / 255), inputs)
    assert nir.Scale not in kinds(after)
    judge = run_graph(given.graph, inputs / 255)
    for name, fired in run_graph(after, inputs).spikes.items():
        np.testing.assert_array_equal(fired, judge.spikes[name], err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_factor_per_channel(seed: int) -> None:
    """Groups, poolings and flattens on the way to the first weights included."""
    given = subject(seed)
    factor = np.array([0.4, 2.5])[:, None, None]
    after = assert_lossless(fold_input_scaling, scaled(given.graph, factor), given.inputs / factor)
    assert nir.Scale not in kinds(after)


def test_other_scales_stay() -> None:
    """They are the folding `scales`' work."""
    graph = scaled(subject(0).graph, 2.0)
    width = len(graph.nodes["l001_fc"].bias)
    graph = inserted(graph, "l001_fc", "b_scale", nir.Scale(np.ones(width)))
    after = fold_input_scaling(graph)
    assert "a_scale" not in after.nodes
    assert "b_scale" in after.nodes


def test_a_factor_per_pixel_before_a_kernel_is_refused() -> None:
    """The reader and the reason are named."""
    factor = np.arange(1.0, np.prod(SHAPE) + 1).reshape(SHAPE)
    with pytest.raises(
        UnsupportedLayer,
        match=r"^NIR node 'a_scale' \(Scale\): can't move into layer '.*', which has one weight",
    ):
        fold_input_scaling(scaled(subject(2).graph, factor))
