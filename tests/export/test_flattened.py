"""Nested graphs laid flat."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, UnsupportedLayer
from export.executor import run_graph
from export.flattened import MAX_DEPTH, flattened
from export.nested_population import nested
from tests.frozen_networks import portable_lif
from tests.other_networks import chain, with_facts
from tests.primitive_networks import dense


def ends(size: int) -> tuple[nir.Input, nir.Output]:
    return nir.Input(np.array([size])), nir.Output(np.array([size]))


def population(seed: int = 0) -> nir.NIRGraph:
    """Five neurons that feed themselves."""
    return nested(portable_lif((5,), 2048), dense(np.random.default_rng(seed), 5, 5), 5)


def recurrent(inner: nir.NIRNode) -> nir.NIRGraph:
    first, last = ends(5)
    nodes = {"input": first, "a_fc": dense(np.random.default_rng(1), 5, 5, gain=3.0)}
    nodes |= {"b_lif": inner, "output": last}
    return with_facts(nodes, chain(nodes), time_steps=8, form="sequence")


def test_a_graph_without_nested_ones_comes_back_itself() -> None:
    """Nothing is copied for nothing."""
    graph = recurrent(portable_lif((5,), 2048))
    assert flattened(graph) is graph


def test_names_and_edges() -> None:
    """Input and Output of the nested graph vanish, and what led to them leads on."""
    flat = flattened(recurrent(population()))
    assert set(flat.nodes) == {"input", "a_fc", "b_lif.l00_lif", "b_lif.l01_w_rec", "output"}
    assert set(flat.edges) == {
        ("input", "a_fc"), ("a_fc", "b_lif.l00_lif"), ("b_lif.l00_lif", "b_lif.l01_w_rec"),
        ("b_lif.l01_w_rec", "b_lif.l00_lif"), ("b_lif.l00_lif", "output"),
    }  # fmt: skip
    assert flat.metadata == recurrent(population()).metadata


def test_graphs_within_graphs_run_alike() -> None:
    """A population wrapped twice more does what it does alone."""
    first, last = ends(5)
    wrapped: nir.NIRGraph = population()
    for _ in range(2):
        nodes = {"input": first, "inner": wrapped, "output": last}
        wrapped = nir.NIRGraph(nodes, chain(nodes), type_check=False)
    inputs = np.random.default_rng(2).random((4, 8, 5))
    alone, deep = (run_graph(recurrent(graph), inputs) for graph in (population(), wrapped))
    fired = alone.spikes["b_lif.l00_lif"]
    assert 0.02 < fired.mean() < 0.9
    np.testing.assert_array_equal(deep.spikes["b_lif.inner.inner.l00_lif"], fired)
    np.testing.assert_array_equal(deep.outputs, alone.outputs)


def test_several_inputs_are_refused() -> None:
    """Which of them an edge means, nobody can say."""
    inner = population()
    inner.nodes["second"] = nir.Input(np.array([5]))
    with pytest.raises(UnsupportedLayer, match="'b_lif': has 2 Input nodes"):
        flattened(recurrent(inner))


def test_two_nodes_of_one_name_are_refused() -> None:
    """An outer node may already be called what an inner one becomes."""
    graph = recurrent(population())
    graph.nodes["b_lif.l00_lif"] = portable_lif((5,), 2048)
    with pytest.raises(InvalidGraph, match=r"two nodes are called 'b_lif\.l00_lif'"):
        flattened(graph)


def test_endless_depth_is_refused() -> None:
    """A file can nest deeper than Python can call."""
    first, last = ends(5)
    graph: nir.NIRGraph = population()
    for _ in range(MAX_DEPTH + 1):
        nodes = {"input": first, "inner": graph, "output": last}
        graph = nir.NIRGraph(nodes, chain(nodes), type_check=False)
    with pytest.raises(InvalidGraph, match="nested deeper than 16"):
        flattened(graph)
