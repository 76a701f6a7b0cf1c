"""Counted events of the float executor, against plain loops over edges and spikes."""

import numpy as np
import pytest

from export.executor import run_graph
from export.graph_order import in_order
from hwsim.counting import executor_counts as module
from hwsim.counting.events import layers_of
from hwsim.counting.executor_counts import executor_counts
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, spike_trains
from tests.primitive_networks import loops, trains


def test_a_dense_network_by_hand() -> None:
    """Each spike meets one weight per target, zero weights included; the input's too."""
    graph, inputs = dense_network(), spike_trains(3)
    graph.nodes["l002_fc"].weight[0] = 0.0
    run, counts = run_graph(graph, inputs), executor_counts(graph, inputs)
    sizes = {name: len(graph.nodes[name].weight) for name in ("l000_fc", "l002_fc", "l004_fc")}
    arriving = [inputs, *(np.moveaxis(run.spikes[name], 0, 1) for name in ("l001_lif", "l003_lif"))]
    assert counts.layers == ("l001_lif", "l003_lif", "output")
    for index, (spikes, size) in enumerate(zip(arriving, sizes.values(), strict=True)):
        expected = spikes.reshape(*spikes.shape[:2], -1).sum(axis=2) * size
        np.testing.assert_array_equal(counts.synops[:, :, index], expected)
    for index, name in enumerate(counts.layers[:-1]):
        fired = run.spikes[name].sum(axis=2).T
        np.testing.assert_array_equal(counts.spikes[:, :, index], fired)


def test_edges_of_a_convolution_by_hand() -> None:
    """A spike at the border meets fewer weights; analog images none."""
    graph, inputs = conv_network(channels=(2, 3), size=4), images(2, size=4)
    counts = executor_counts(graph, inputs)
    assert not counts.synops[:, :, 0].any()
    run = run_graph(graph, inputs)
    fired = run.spikes["l001_lif"].sum(axis=2)
    pooled = fired.reshape(*fired.shape[:2], 2, 2, 2, 2).sum(axis=(3, 5))
    # 3x3 kernels with padding 1 over 2x2 positions: each position is seen from all four.
    expected = pooled.sum(axis=(2, 3)).T * 4 * len(graph.nodes["l003_conv"].weight)
    np.testing.assert_array_equal(counts.synops[:, :, 1], expected)


def test_recurrent_weights_belong_to_the_population_they_lead_to() -> None:
    """They are met in the step of the spike, though what they bring arrives in the next."""
    graph = loops()
    inputs = trains(graph)
    run, counts = run_graph(graph, inputs), executor_counts(graph, inputs)
    first, second = run.spikes["b_lif"].sum(axis=2).T, run.spikes["e_lif"].sum(axis=2).T
    met = inputs.sum(axis=2) * 12 + first * 12 + second * 12
    np.testing.assert_array_equal(counts.synops[:, :, counts.layers.index("b_lif")], met)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sample at a time counts what all at once do."""
    graph, inputs = dense_network(), spike_trains(5)
    whole = executor_counts(graph, inputs)
    monkeypatch.setattr(module, "BATCH_VALUES", 1)
    done: list[int] = []
    single = executor_counts(graph, inputs, done.append)
    assert done == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(single.spikes, whole.spikes)
    np.testing.assert_array_equal(single.synops, whole.synops)


def test_stored_connections() -> None:
    """A convolution's true edges, a dense layer's matrix."""
    graph = conv_network(channels=(2, 3), size=4)
    layers = {layer.name: layer.synapses for layer in layers_of(in_order(graph))}
    within_reach = [2, 3, 3, 2]
    assert layers["l001_lif"] == 2 * sum(a * b for a in within_reach for b in within_reach)
    assert layers["output"] == graph.nodes["l007_fc"].weight.size
