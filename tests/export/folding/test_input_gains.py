"""Gains of neurons go into weights of their own, or into the threshold."""

import nir
import numpy as np
import pytest
from numpy.typing import NDArray
from torch import nn

from export.errors import InvalidGraph
from export.folding.input_gains import fold_input_gains
from export.freezing import unfolded
from export.nir_neuron import discrete_neuron
from tests.folding_check import assert_as_torch, assert_lossless
from tests.random_bodies import SEEDS, subject
from tests.torch_networks import TwoReaders, images_for, networked
from trainers.neurons.lif import LIF

DT = 1e-4


def with_resistances(graph: nir.NIRGraph, seed: int) -> nir.NIRGraph:
    """Neurons whose r, reset and leak are drawn, some per neuron, some IF; thresholds go along."""
    draw = np.random.default_rng(seed)
    nodes = dict(graph.nodes)
    for name, node in graph.nodes.items():
        if not isinstance(node, nir.LIF):
            continue
        shape = node.r.shape
        factor = draw.uniform(0.2, 4.0, shape if draw.integers(2) else ())
        if draw.integers(4) == 0:
            nodes[name] = integrator(factor, shape, node.v_threshold * factor)
            continue
        nodes[name] = nir.LIF(
            tau=node.tau, r=node.r * factor, v_leak=np.full(shape, 0.01),
            v_threshold=node.v_threshold * factor, v_reset=np.full(shape, -0.02),
        )  # fmt: skip
    return nir.NIRGraph(nodes, list(graph.edges), dict(graph.metadata), type_check=False)


def integrator(
    factor: NDArray[np.float64], shape: tuple[int, ...], threshold: NDArray[np.float64]
) -> nir.IF:
    """An IF neuron whose step is v <- v + factor x."""
    r = np.broadcast_to(factor / DT, shape)
    return nir.IF(r=r.copy(), v_threshold=threshold, v_reset=np.full(shape, -0.02))


@pytest.mark.parametrize("seed", SEEDS)
def test_decays_that_scale_the_input(seed: int) -> None:
    """Executor and torch both find the spikes of before, and every gain is 1."""
    given = subject(seed)
    after = assert_lossless(fold_input_gains, given.graph, given.inputs)
    assert_unit(after)
    assert_as_torch(after, given.network, given.inputs)


@pytest.mark.parametrize("seed", SEEDS)
def test_resistances_of_any_size(seed: int) -> None:
    """Also with a gain for each neuron, IF neurons, leaks and resets."""
    given = subject(seed)
    after = assert_lossless(fold_input_gains, with_resistances(given.graph, seed), given.inputs)
    assert_unit(after)


def assert_unit(graph: nir.NIRGraph) -> None:
    """v <- beta v + x in every neuron."""
    for name, node in graph.nodes.items():
        if isinstance(node, nir.LIF | nir.IF):
            np.testing.assert_allclose(discrete_neuron(name, node, DT).gain, 1.0, rtol=1e-12)


def test_the_gain_goes_into_weights_of_its_own() -> None:
    """Then the threshold stays: I (1 - decay) with W is I with (1 - decay) W."""
    network = networked(nn.Sequential(nn.Flatten(), nn.Linear(16, 4), LIF(0.75), nn.Linear(4, 2)))
    for _, neuron in network.neurons():
        neuron.decay_input = True
    graph = unfolded(network, images_for((1, 4, 4)))
    after = fold_input_gains(graph)
    np.testing.assert_allclose(
        after.nodes["l001_fc"].weight, 0.25 * graph.nodes["l001_fc"].weight, rtol=1e-6
    )
    np.testing.assert_array_equal(
        after.nodes["l002_lif"].v_threshold, graph.nodes["l002_lif"].v_threshold
    )


def test_the_gain_goes_into_the_threshold_where_weights_are_shared() -> None:
    """One convolution can't be scaled for two populations."""
    network = networked(TwoReaders())
    for _, neuron in network.neurons():
        neuron.decay_input = True
    inputs = images_for((1, 8, 8))
    graph = unfolded(network, inputs)
    after = assert_lossless(fold_input_gains, graph, inputs.numpy())
    np.testing.assert_array_equal(after.nodes["l000_conv"].weight, graph.nodes["l000_conv"].weight)
    ratio = after.nodes["l001_lif"].v_threshold / graph.nodes["l001_lif"].v_threshold
    np.testing.assert_allclose(ratio, 1 / 0.8, rtol=1e-6)


def test_a_gain_that_is_not_positive_is_refused() -> None:
    """r = 0 hears nothing; the node is named."""
    graph = unfolded(networked(TwoReaders()), images_for((1, 8, 8)))
    graph.nodes["l001_lif"].r = graph.nodes["l001_lif"].r * 0
    with pytest.raises(InvalidGraph, match=r"'l001_lif': input gain r\*dt/tau must be positive"):
        fold_input_gains(graph)
