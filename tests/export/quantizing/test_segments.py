"""A frozen network cut at its neurons, or the reason why it isn't a chain."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, UnsupportedLayer
from export.nir_metadata import read_facts
from export.quantizing.segments import Segment, segments
from tests.frozen_networks import conv_network, portable_lif
from tests.other_networks import chain, residual_network, with_facts


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


def test_neurons_come_with_unit_gain() -> None:
    """Each segment carries its neuron as the chip counts: threshold 1, decay on the grid."""
    first, second, readout = cut(conv_network(decay_4096=1638))
    for part in (first, second):
        assert part.neuron is not None
        np.testing.assert_allclose(part.neuron.threshold, np.ones(part.shape), rtol=1e-12)
        np.testing.assert_allclose(part.neuron.decay, np.full(part.shape, 0.4), atol=1e-4)
    assert readout.neuron is None


def test_skip_connections_are_refused_by_name() -> None:
    """A branch and a join have no netx spelling; the targets that can carry them are named."""
    with pytest.raises(UnsupportedLayer, match=r"node 'l00.*': joins .* a netx file is one chain"):
        cut(residual_network())


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            linear_chain(a=weights(), b=lif(), c=lif(), d=weights()),
            "node 'c': no weights between 'b' and it",
        ),
        (
            linear_chain(a=weights(), b=lif()),
            "node 'output': no weights between 'b'",
        ),
        (
            linear_chain(a=lif(), b=weights()),
            "node 'a': no weights between 'input' and it",
        ),
        (linear_chain(a=weights()), "network: it holds no neuron"),
        (linear_chain(a=weights(), b=nir.Linear(np.eye(3))), "network: it holds no neuron"),
    ],
    ids=["neuron after neuron", "neuron at the end", "neuron first", "one layer", "two layers"],
)
def test_chains_without_weights_or_neurons_are_refused(graph: nir.NIRGraph, message: str) -> None:
    """A population needs synapses, and a chip needs a population."""
    with pytest.raises(UnsupportedLayer, match=message):
        cut(graph)


def test_contradictions_are_refused() -> None:
    """Shapes that don't fit are found before anything is cut."""
    with pytest.raises(InvalidGraph, match="node 'a': it takes an input of shape"):
        cut(linear_chain(a=nir.Linear(np.eye(4)), b=portable_lif((4,), 0), c=nir.Linear(np.eye(4))))
