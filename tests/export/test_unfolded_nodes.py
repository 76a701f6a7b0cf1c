"""Nodes that NIR lacks: run by the executor, refused by files and by everything else."""

from pathlib import Path

import nir
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from export.errors import InvalidGraph, UnsupportedLayer
from export.executor.linear import linear_operation
from export.graph_order import OrderedNode, in_order
from export.nir_file import write_nir
from export.onnx import write_onnx
from export.unfolded_nodes import BatchNorm, PermutedFlatten
from tests.frozen_networks import conv_network
from tests.random_bodies import subject

SHAPE = (3, 4, 5)


def run(node: nir.NIRNode, x: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """What the executor computes."""
    return linear_operation(OrderedNode("n", node, ("input",), tuple(x.shape[1:]), shape))(x)


def test_batch_norm_is_torchs() -> None:
    """With gain and shift made of its statistics."""
    generator = torch.Generator().manual_seed(0)
    mean, beta = (torch.randn(3, generator=generator).double() for _ in range(2))
    variance, gamma = (torch.rand(3, generator=generator).double() + 0.5 for _ in range(2))
    gain = gamma / torch.sqrt(variance + 1e-5)
    node = BatchNorm(gain.numpy(), (beta - gain * mean).numpy())
    for x in (torch.randn(2, *SHAPE).double(), torch.randn(2, 3).double()):
        expected = F.batch_norm(x, mean, variance, gamma, beta)
        torch.testing.assert_close(run(node, x, tuple(x.shape[1:])), expected, rtol=0, atol=1e-12)


def test_permuted_flatten_is_torchs_permute() -> None:
    """(1, 2, 0) is channels last."""
    x = torch.randn(2, *SHAPE).double()
    found = run(PermutedFlatten((1, 2, 0)), x, (60,))
    torch.testing.assert_close(found, x.permute(0, 2, 3, 1).reshape(2, 60), rtol=0, atol=0)


def test_scale_is_a_product() -> None:
    """Element by element, or with one factor."""
    x, scale = torch.randn(2, *SHAPE).double(), np.random.default_rng(0).normal(size=SHAPE)
    torch.testing.assert_close(run(nir.Scale(scale), x, SHAPE), x * torch.from_numpy(scale))
    torch.testing.assert_close(run(nir.Scale(np.array(2.0)), x, SHAPE), 2 * x)


@pytest.mark.parametrize("node", [BatchNorm(np.ones(2), np.zeros(2)), PermutedFlatten((0, 1, 2))])
def test_files_do_not_hold_them(node: nir.NIRNode, tmp_path: Path) -> None:
    """Written, they would be a kind that no reader knows; nothing is left behind."""
    whole = conv_network()
    nested = nir.NIRGraph({"odd": node, "output": nir.Output(np.array([1]))}, [], type_check=False)
    for nodes in ({"odd": node}, {"inner": nested}):
        wrong = nir.NIRGraph({**whole.nodes, **nodes}, whole.edges, {}, type_check=False)
        message = f"^NIR node 'odd': NIR has no {type(node).__name__}. Fold it into the weights"
        with pytest.raises(UnsupportedLayer, match=message):
            write_nir(wrong, tmp_path / "model.nir")
    assert not list(tmp_path.iterdir())


def test_others_refuse_what_is_not_folded(tmp_path: Path) -> None:
    """ONNX and quantising order a graph without them."""
    graph = subject(5).graph
    assert any(isinstance(node, BatchNorm) for node in graph.nodes.values())
    with pytest.raises(UnsupportedLayer, match="kind BatchNorm isn't supported"):
        in_order(graph)
    with pytest.raises(UnsupportedLayer, match="kind BatchNorm isn't supported"):
        write_onnx(graph, tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (BatchNorm(np.ones(3), np.zeros(3)), r"shape \(3, \.\.\.\), but is given \(2, 9, 8\)"),
        (PermutedFlatten((1, 0)), r"shape with 2 axes, but is given \(2, 9, 8\)"),
        (PermutedFlatten((0, 1, 1)), "shape with 3 axes"),
        (nir.Scale(np.ones((2, 9, 9))), r"shape \(2, 9, 9\), but is given \(2, 9, 8\)"),
    ],
)
def test_nodes_that_do_not_fit(node: nir.NIRNode, message: str) -> None:
    """An input of another shape is refused by name."""
    nodes = {
        "input": nir.Input(np.array([2, 9, 8])), "odd": node, "output": nir.Output(np.array([1])),
    }  # fmt: skip
    graph = nir.NIRGraph(nodes, [("input", "odd"), ("odd", "output")], {}, type_check=False)
    with pytest.raises(InvalidGraph, match=f"'odd': it takes an input of {message}"):
        in_order(graph, unfolded=True)
