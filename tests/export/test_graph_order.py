"""Order, shapes and refusals of a NIR graph."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, UnsupportedLayer
from export.graph_order import in_order, independent_of_time
from tests.frozen_networks import conv_network, portable_lif
from tests.other_networks import chain, odd_network, residual_network, with_facts


def small(edges: list[tuple[str, str]] | None = None, **more: nir.NIRNode) -> nir.NIRGraph:
    nodes = {
        "input": nir.Input(np.array([3])),
        "a_fc": nir.Linear(np.ones((3, 3))),
        "b_lif": portable_lif((3,), 2048),
        **more,
        "output": nir.Output(np.array([3])),
    }
    return with_facts(nodes, edges or chain(nodes), time_steps=2)


def test_order_does_not_depend_on_storage() -> None:
    """Shuffled nodes and edges come out in the same order."""
    graph = residual_network()
    names = [node.name for node in in_order(graph)]
    shuffled = with_facts(dict(reversed(graph.nodes.items())), graph.edges[::-1], time_steps=4)
    assert [node.name for node in in_order(shuffled)] == names
    assert names[0] == "input"
    assert names[-1] == "output"


def test_several_edges_into_one_node() -> None:
    """The sources of a residual sum are listed in computing order."""
    nodes = {node.name: node for node in in_order(residual_network())}
    assert nodes["l003_lif"].sources == ("l001_lif", "l002_conv")


def test_shapes() -> None:
    """Shapes follow strides, dilation, non-square kernels, padding and groups."""
    shapes = {node.name: node.shape for node in in_order(odd_network())}
    assert shapes["a_conv"] == (4, 5, 6)
    assert shapes["c_conv"] == (4, 5, 6)
    assert shapes["e_avg"] == (4, 3, 5)
    assert shapes["f_sum"] == (4, 2, 6)
    assert shapes["g_conv"] == (6, 1, 3)
    assert shapes["i_flatten"] == (6, 3)
    assert shapes["j_linear"] == (6, 2)


def test_independent_of_time() -> None:
    """Only what no neuron feeds is the same at every step."""
    assert independent_of_time(in_order(odd_network())) == {"input", "a_conv"}


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([("input", "a_fc"), ("a_fc", "b_lif")], "no edge leaves node 'b_lif'"),
        ([("input", "a_fc"), ("a_fc", "output")], "no edge leads to node 'b_lif'"),
        (
            [("input", "a_fc"), ("a_fc", "output"), ("a_fc", "b_lif")],
            "no edge leaves node 'b_lif'",
        ),
        (
            [("input", "a_fc"), ("a_fc", "b_lif"), ("b_lif", "a_fc"), ("b_lif", "output")],
            "a_fc, b_lif, output form a loop",
        ),
        ([("input", "ghost")], "names a node that doesn't exist"),
        ([("input", "a_fc"), ("input", "a_fc")], "appears twice"),
    ],
)
def test_broken_edges(edges: list[tuple[str, str]], message: str) -> None:
    """Loose ends, loops, ghosts and doubles are refused."""
    with pytest.raises(InvalidGraph, match=message):
        in_order(small(edges))


def test_two_inputs() -> None:
    """A network has one input and one output."""
    nodes = dict(small().nodes) | {"more": nir.Input(np.array([3]))}
    graph = with_facts(nodes, small().edges, time_steps=2)
    with pytest.raises(InvalidGraph, match="2 Input nodes"):
        in_order(graph)


def test_sum_of_different_shapes() -> None:
    """Edges that bring different shapes can't be summed."""
    graph = small([("input", "a_fc"), ("a_fc", "b_lif"), ("b_lif", "output"), ("input", "output")])
    graph.nodes["a_fc"] = nir.Linear(np.ones((2, 3)))
    graph.nodes["b_lif"] = portable_lif((2,), 2048)
    with pytest.raises(InvalidGraph, match=r"'output': its edges bring .*\(3,\), \(2,\)"):
        in_order(graph)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (nir.Linear(np.ones((3, 4))), r"takes an input of shape \(..., 4\), but is given \(3,\)"),
        (nir.Affine(np.ones((3, 3)), np.ones(2)), r"bias has shape \(2,\), expected \(3,\)"),
        (portable_lif((4,), 2048), r"takes an input of shape \(4,\), but is given \(3,\)"),
        (nir.Flatten(np.array([3])), "axes 1..-1 can't be flattened"),
        (nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), "channels, rows"),
        (
            nir.Conv2d((3, 3), np.ones((1, 1, 3, 3)), 1, 1, 1, 1, np.zeros(1)),
            r"takes an input of shape \(1, rows, columns\)",
        ),
    ],
)
def test_node_that_does_not_fit(node: nir.NIRNode, message: str) -> None:
    """A node whose input has another shape is refused by name."""
    with pytest.raises(InvalidGraph, match=message) as refusal:
        in_order(small(a_more=node))
    assert "'a_more'" in str(refusal.value)


def test_unsupported_kind() -> None:
    """An unknown kind is refused by name, with the kinds that work."""
    with pytest.raises(UnsupportedLayer, match=r"'a_more': kind Scale isn't supported.*Conv2d"):
        in_order(small(a_more=nir.Scale(np.ones(3))))


def test_frozen_network_is_a_chain() -> None:
    """The digits network's order is its numbering."""
    names = [node.name for node in in_order(conv_network())]
    assert names[1:-1] == sorted(names[1:-1])
