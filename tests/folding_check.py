"""What every folding is held to: the same spikes, the same membranes in other units, 1e-9."""

import pickle
from collections.abc import Callable

import nir
import numpy as np
from numpy.typing import NDArray

from export.executor import run_graph
from tests.torch_networks import run_torch
from trainers.network import SpikingNetwork

Fold = Callable[[nir.NIRGraph], nir.NIRGraph]
TOLERANCE = 1e-9


def assert_lossless(fold: Fold, graph: nir.NIRGraph, inputs: NDArray[np.float64]) -> nir.NIRGraph:
    """Holds a folding against the executor; returns the folded graph.

    Spikes are identical, membranes and outputs differ by less than 1e-9, the given graph is left
    as it was, and folding again changes nothing.
    """
    given = as_bytes(graph)
    after = fold(graph)
    assert as_bytes(graph) == given
    assert as_bytes(fold(after)) == as_bytes(after)
    expected, found = (run_graph(each, inputs, record=True) for each in (graph, after))
    assert found.spikes.keys() == expected.spikes.keys()
    for name, spikes in expected.spikes.items():
        np.testing.assert_array_equal(found.spikes[name], spikes, err_msg=name)
        unit = graph.nodes[name].v_threshold / after.nodes[name].v_threshold
        np.testing.assert_allclose(
            found.membranes[name] * unit, expected.membranes[name], rtol=0, atol=TOLERANCE,
            err_msg=name,
        )  # fmt: skip
    np.testing.assert_allclose(found.outputs, expected.outputs, rtol=0, atol=TOLERANCE)
    assert_lively(expected.spikes)
    return after


def assert_as_torch(
    graph: nir.NIRGraph, network: SpikingNetwork, inputs: NDArray[np.float64]
) -> None:
    """Holds a graph against the network that it came from, run by torch's own modules."""
    import torch

    from export.nir_metadata import read_facts

    outputs, spikes = run_torch(network, torch.from_numpy(inputs))
    run = run_graph(graph, inputs)
    modules = read_facts(graph).modules
    assert {modules[node] for node in run.spikes} == spikes.keys()
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(fired, spikes[modules[node]], err_msg=node)
    np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=TOLERANCE)


def assert_lively(spikes: dict[str, NDArray[np.bool_]]) -> None:
    """No population is silent or fires in every step: equal spikes would mean nothing."""
    for name, fired in spikes.items():
        assert 0.005 < fired.mean() < 0.97, f"{name} fires in {fired.mean():.1%} of its steps"


def as_bytes(graph: nir.NIRGraph) -> bytes:
    """Everything a graph holds, down to the last bit."""
    nodes = {
        name: (type(node).__name__, {key: _plain(value) for key, value in vars(node).items()})
        for name, node in graph.nodes.items()
    }
    return pickle.dumps((nodes, list(graph.edges), dict(graph.metadata)))


def kinds(graph: nir.NIRGraph) -> set[type]:
    """Kinds of node that a graph holds."""
    return {type(node) for node in graph.nodes.values()}


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return repr(value)
