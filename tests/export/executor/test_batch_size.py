"""No number of the executor depends on the batch a sample comes in."""

import nir
import numpy as np
import pytest
import torch

from export.executor import run_graph
from export.executor.linear import linear_operation
from export.graph_order import OrderedNode
from tests.other_networks import every_network

NETWORKS = every_network(samples=33)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32])
@pytest.mark.parametrize("name", NETWORKS)
def test_batch_size(name: str, batch_size: int) -> None:
    """Outputs and membranes are equal bit for bit in batches of any size."""
    graph, inputs = NETWORKS[name]
    whole = run_graph(graph, inputs, record=True)
    parts = run_graph(graph, inputs, record=True, batch_size=batch_size)
    np.testing.assert_array_equal(whole.outputs, parts.outputs)
    for layer, membranes in whole.membranes.items():
        np.testing.assert_array_equal(membranes, parts.membranes[layer])


@pytest.mark.parametrize("name", NETWORKS)
def test_order_of_samples(name: str) -> None:
    """A sample's numbers don't depend on its neighbours."""
    graph, inputs = NETWORKS[name]
    mixed = np.random.default_rng(0).permutation(len(inputs))
    expected = run_graph(graph, inputs).outputs[:, mixed]
    np.testing.assert_array_equal(run_graph(graph, inputs[mixed]).outputs, expected)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (9, 3), (13, 5), (577, 33), (1000, 257)])
def test_dense_sums(inputs: int, outputs: int) -> None:
    """Sizes at which a plain matrix product over the batch does depend on it."""
    generator = torch.Generator().manual_seed(inputs)
    weight = torch.randn(outputs, inputs, generator=generator).numpy()
    node = OrderedNode("fc", nir.Linear(weight), ("input",), (inputs,), (outputs,))
    multiply = linear_operation(node)
    x = torch.randn(70, inputs, dtype=torch.float64, generator=generator)
    whole = multiply(x)
    for first, last in ((0, 1), (3, 4), (5, 12), (69, 70), (1, 70)):
        assert torch.equal(multiply(x[first:last].clone()), whole[first:last])
    mixed = torch.randperm(70, generator=generator)
    assert torch.equal(multiply(x[mixed]), whole[mixed])
