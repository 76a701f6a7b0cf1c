"""A frozen network cut at its neurons, with every way between them."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.nir_metadata import read_facts
from export.quantizing.segments import Segment, only_path, paths, segments
from tests.frozen_networks import conv_network, portable_lif
from tests.other_networks import chain, odd_network, residual_network, with_facts


def cut(graph: nir.NIRGraph) -> tuple[Segment, ...]:
    """The graph's segments."""
    return segments(graph, read_facts(graph))


def linear_chain(**nodes: nir.NIRNode) -> nir.NIRGraph:
    """These nodes between an input and an output of 3 values."""
    ends = {"input": nir.Input(np.array([3])), **nodes, "output": nir.Output(np.array([3]))}
    return with_facts(ends, chain(ends), time_steps=4)


def weights() -> nir.Affine:
    """A 3x3 matrix."""
    return nir.Affine(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32))


def lif() -> nir.LIF:
    """3 neurons without memory."""
    return portable_lif((3,), 0)


def ways(segment: Segment) -> list[tuple[str, list[str]]]:
    """Source and nodes of each path."""
    return [(path.source, [node.name for node in path.nodes]) for path in paths(segment)]


def test_the_network_is_cut_at_its_neurons() -> None:
    """Pooling belongs to the projection behind it; the last linear node becomes the readout."""
    parts = cut(conv_network())
    assert [(p.source, p.target, [n.name for n in p.nodes]) for p in parts] == [
        ("input", "l001_lif", ["l000_conv"]),
        ("l001_lif", "l004_lif", ["l002_sumpool", "l003_conv"]),
        ("l004_lif", "l007_fc", ["l005_sumpool", "l006_flatten", "l007_fc"]),
    ]
    assert [(p.given, p.shape) for p in parts] == [
        ((1, 8, 8), (6, 8, 8)),
        ((6, 8, 8), (8, 4, 4)),
        ((8, 4, 4), (5,)),
    ]
    assert [p.takes_input for p in parts] == [True, False, False]


def test_neurons_come_with_unit_gain() -> None:
    """Each segment carries its neuron as the chip counts: threshold 1, decay on the grid."""
    first, second, readout = cut(conv_network(decay_4096=1638))
    for part in (first, second):
        assert part.neuron is not None
        np.testing.assert_allclose(part.neuron.threshold, np.ones(part.shape), rtol=1e-12)
        np.testing.assert_allclose(part.neuron.decay, np.full(part.shape, 0.4), atol=1e-4)
    assert readout.neuron is None


def test_a_sum_of_currents_brings_a_way_from_each_summand() -> None:
    """A skip into a neuron is an identity beside the convolution's way."""
    _, second, readout = cut(residual_network())
    assert ways(second) == [("l001_lif", []), ("l001_lif", ["l002_conv"])]
    assert second.shape == (4, 8, 8)
    assert ways(readout) == [("l003_lif", ["l004_flatten", "l005_fc"])]


def test_a_sum_of_spikes_brings_the_next_weights_to_each_summand() -> None:
    """SEW-ADD has no neuron behind its sum; pooling and weights follow every population in it."""
    nodes = {
        "input": nir.Input(np.array([3])),
        "a": weights(), "b": lif(), "c": weights(), "d": lif(), "e": weights(), "f": lif(),
        "g": weights(), "output": nir.Output(np.array([3])),
    }  # fmt: skip
    edges = [*chain(nodes), ("b", "e"), ("b", "g"), ("d", "g")]
    parts = cut(with_facts(nodes, edges, time_steps=4))
    assert [ways(part) for part in parts[1:]] == [
        [("b", ["c"])],
        [("b", ["e"]), ("d", ["e"])],
        [("b", ["g"]), ("d", ["g"]), ("f", ["g"])],
    ]


def test_the_input_may_branch_inside_a_segment() -> None:
    """The odd network's skip past its first neuron makes the input a source once more."""
    parts = cut(odd_network())
    assert [part.takes_input for part in parts] == [True, True, False, False]
    assert ways(parts[1]) == [
        ("input", ["a_conv"]),
        ("b_lif", []),
        ("b_lif", ["c_conv"]),
    ]
    with pytest.raises(UnsupportedLayer, match="'d_if': it takes 'input' and 'b_lif'"):
        _ = parts[1].source
    with pytest.raises(UnsupportedLayer, match="'d_if': 3 ways lead to it"):
        only_path(parts[1])


def test_neurons_without_weights_before_them_take_spikes_as_they_are() -> None:
    """Neuron after neuron, a neuron first, and an output that is a neuron's spikes."""
    after = cut(linear_chain(a=weights(), b=lif(), c=lif(), d=weights()))
    assert [(part.target, ways(part)) for part in after] == [
        ("b", [("input", ["a"])]), ("c", [("b", [])]), ("d", [("c", ["d"])]),
    ]  # fmt: skip
    bare = cut(linear_chain(a=lif()))
    assert [(part.target, ways(part)) for part in bare] == [
        ("a", [("input", [])]), ("output", [("a", [])]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "graph",
    [linear_chain(a=weights()), linear_chain(a=weights(), b=nir.Linear(np.eye(3)))],
    ids=["one layer", "two layers"],
)
def test_networks_without_neurons_are_refused(graph: nir.NIRGraph) -> None:
    """A chip needs a population."""
    with pytest.raises(UnsupportedLayer, match="network: it holds no neuron"):
        cut(graph)


def test_sums_of_sums_end_somewhere() -> None:
    """Each stage of two parallel layers doubles the ways; the node that has too many is named."""
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array([3])), "a": weights(), "b": lif()}
    edges, before = [("input", "a"), ("a", "b")], ["b"]
    for stage in range(13):
        here = [f"s{stage:02}l", f"s{stage:02}r"]
        nodes |= {name: weights() for name in here}
        edges += [(source, name) for source in before for name in here]
        before = here
    nodes |= {"output": nir.Output(np.array([3]))}
    edges += [(name, "output") for name in before]
    readout = cut(with_facts(nodes, edges, time_steps=4))[-1]
    assert readout.target == "output"
    with pytest.raises(LimitExceeded, match=r"'s11l': 2048 ways lead to it.*more than 1024"):
        paths(readout)


def test_contradictions_are_refused() -> None:
    """Shapes that don't fit are found before anything is cut."""
    with pytest.raises(InvalidGraph, match="node 'a': it takes an input of shape"):
        cut(linear_chain(a=nir.Linear(np.eye(4)), b=portable_lif((4,), 0), c=nir.Linear(np.eye(4))))
