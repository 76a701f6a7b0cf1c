"""Sums on the chip: of currents before a neuron, of spikes behind one, and into the readout."""

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ConvProjection, DenseProjection
from export.errors import UnsupportedLayer
from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.quantizing import Quantization, encode, quantization, quantize
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.frozen_networks import images, portable_lif
from tests.other_networks import (
    biases,
    chain,
    odd_images,
    odd_network,
    plain_conv,
    residual_network,
    spike_trains,
    weights,
    with_facts,
)

CALIBRATION = images(40, seed=5)
INPUTS = images(60, seed=9)


def sew_network(seed: int = 0, *, time_steps: int = 4) -> nir.NIRGraph:
    """conv-LIF, a block whose spikes are added to its input's, a conv-LIF, a pooled readout."""
    rng = np.random.default_rng(seed)
    shape = (4, 8, 8)
    nodes = {
        "input": nir.Input(np.array([1, 8, 8])),
        "a_conv": plain_conv(rng, (1, 4), 8, gain=3.0),
        "b_lif": portable_lif(shape, 819),
        "c_conv": plain_conv(rng, (4, 4), 8, gain=2.0),
        "d_lif": portable_lif(shape, 819),
        "e_conv": plain_conv(rng, (4, 4), 8, gain=1.5),
        "f_lif": portable_lif(shape, 819),
        "g_pool": nir.SumPool2d(np.array([8, 8]), np.array([8, 8]), np.array([0, 0])),
        "h_flatten": nir.Flatten(np.array([4, 1, 1]), 0, -1),
        "i_fc": nir.Affine(weights(rng, 5, 4, gain=0.1), biases(rng, 5)),
        "output": nir.Output(np.array([5])),
    }
    skips = [("b_lif", "e_conv"), ("b_lif", "g_pool"), ("d_lif", "g_pool")]
    return with_facts(nodes, [*chain(nodes), *skips], time_steps=time_steps)


def dense_sums(threshold: float = 1.0) -> nir.NIRGraph:
    """Parallel matrices, a bare skip and a bare output: everything that can meet in 1-D."""
    rng = np.random.default_rng(3)
    nodes = {
        "input": nir.Input(np.array([24])),
        "a_fc": nir.Affine(weights(rng, 6, 24, gain=2.5), biases(rng, 6)),
        "b_lif": portable_lif((6,), 2048),
        "c_fc": nir.Affine(weights(rng, 6, 6, gain=1.5), biases(rng, 6)),
        "d_fc": nir.Linear(weights(rng, 6, 6, gain=1.5)),
        "e_lif": portable_lif((6,), 1024, threshold=threshold),
        "output": nir.Output(np.array([6])),
    }
    edges = [
        ("input", "a_fc"), ("a_fc", "b_lif"), ("b_lif", "c_fc"), ("b_lif", "d_fc"),
        ("c_fc", "e_lif"), ("d_fc", "e_lif"), ("b_lif", "e_lif"),
        ("e_lif", "output"), ("b_lif", "output"),
    ]  # fmt: skip
    return with_facts(nodes, edges, time_steps=20, form="sequence")


def assert_like_the_network(
    graph: nir.NIRGraph, done: Quantization, inputs: NDArray[np.float32]
) -> None:
    """Logits, classes and every population's spikes are the float network's but for rounding."""
    trace = simulate(done.chip, encode(graph, done.chip, inputs))
    run = run_graph(graph, inputs)
    expected = logits(run.outputs, read_facts(graph))
    differences = np.abs(chip_logits(trace) - expected)
    assert np.median(differences) < 0.03 * expected.std()
    assert (chip_logits(trace).argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.85
    fired = dict(zip(trace.populations, trace.spikes.sum(axis=(0, 1)), strict=True))
    for name, spikes in run.spikes.items():
        assert 0.02 < spikes.mean() < 0.98
        assert fired[name] == pytest.approx(spikes.sum(), rel=0.03), name
    assert trace.saturations.sum() == trace.wraps.sum() == 0


def test_a_sum_of_currents_is_two_projections_of_one_scale() -> None:
    """The identity's weight is the scale itself, since the threshold is 1; biases come along."""
    graph = residual_network()
    done = quantization(graph, CALIBRATION)
    identity, conv = done.chip.incoming("l003_lif")
    assert isinstance(identity, ConvProjection)
    assert isinstance(conv, ConvProjection)
    report = done.layers[1]
    assert (identity.groups, identity.weight.shape) == (4, (4, 1, 1, 1))
    assert (identity.weight == report.scale).all()
    assert report.threshold == report.scale
    assert (report.projections, report.identity_error) == (2, 0)
    exact = graph.nodes["l002_conv"].weight * report.scale
    np.testing.assert_allclose(conv.weight, exact, atol=1 + 1e-6)
    bias = graph.nodes["l002_conv"].bias * report.scale
    np.testing.assert_array_equal(
        done.chip.population("l003_lif").bias, np.rint(bias).reshape(-1, 1, 1)
    )
    assert not done.balancing.paths
    assert_like_the_network(graph, done, INPUTS)


def test_a_sum_of_spikes_is_the_same_weights_from_each_population() -> None:
    """Two projections into the block behind it, three into the readout; the shorter ways wait."""
    graph = sew_network()
    done = quantization(graph, CALIBRATION)
    first, second = done.chip.incoming("f_lif")
    assert {first.source, second.source} == {"b_lif", "d_lif"}
    np.testing.assert_array_equal(first.weight, second.weight)
    readout = done.chip.incoming("i_fc")
    assert [p.source for p in readout] == ["b_lif", "d_lif", "f_lif"]
    for projection in readout:
        assert isinstance(projection, DenseProjection)
        np.testing.assert_array_equal(projection.weight, readout[0].weight)
    assert [(p.source, p.target, p.steps) for p in done.balancing.paths] == [
        ("b_lif", "f_lif", 1), ("b_lif", "i_fc", 2), ("d_lif", "i_fc", 1),
    ]  # fmt: skip
    assert [layer.projections for layer in done.layers] == [1, 1, 2, 3]
    assert [layer.identity_error for layer in done.layers] == [None] * 4
    assert_like_the_network(graph, done, INPUTS)


@pytest.mark.parametrize("means", ["relay", "delay"])
def test_either_means_of_balancing_computes_the_same(means: str) -> None:
    """Spike for spike and volt for volt; the option reaches the graph."""
    graph = sew_network()
    plain = quantization(graph, CALIBRATION)
    other = quantization(graph, CALIBRATION, balance_by="relay" if means == "relay" else "delay")
    assert {path.means for path in other.balancing.paths} == {means}
    expected, found = (
        simulate(done.chip, encode(graph, done.chip, INPUTS)) for done in (plain, other)
    )
    np.testing.assert_array_equal(found.readout, expected.readout)


def test_a_readout_of_several_ways_can_not_saturate() -> None:
    """All of its inputs firing at every step, or those of one sign, stay within the state."""
    chip = quantize(sew_network(time_steps=64), CALIBRATION)
    upper = sum(np.maximum(p.weight, 0).sum(axis=1) for p in chip.incoming("i_fc"))
    lower = sum(np.minimum(p.weight, 0).sum(axis=1) for p in chip.incoming("i_fc"))
    bias = chip.population("i_fc").bias
    worst = 64 * max((upper + np.maximum(bias, 0)).max(), -(lower + np.minimum(bias, 0)).min())
    assert 0.9 * 131071 < worst <= 131071


def test_parallel_matrices_become_one_and_bare_spikes_stay_apart() -> None:
    """Their sum is rounded, once; an identity's weight is the network's own and stays as it is."""
    graph = dense_sums()
    done = quantization(graph, spike_trains(40, seed=6))
    found = done.chip.incoming("e_lif")
    assert [p.source for p in found] == ["b_lif", "b_lif"]
    bare, summed = sorted((p.weight for p in found), key=np.count_nonzero)
    scale = done.layers[1].scale
    np.testing.assert_array_equal(bare, scale * np.eye(6))
    floats = graph.nodes["c_fc"].weight.astype(np.float64) + graph.nodes["d_fc"].weight
    np.testing.assert_allclose(summed, floats * scale, atol=1 + 1e-6)
    assert [p.source for p in done.chip.incoming("output")] == ["b_lif", "e_lif"]
    assert done.chip.readout is not None
    assert done.chip.readout.population == "output"
    assert_like_the_network(graph, done, spike_trains(30, seed=4))


def test_an_identitys_rounding_is_reported() -> None:
    """With a threshold that no integers fit, its weight is off by less than half a per cent."""
    done = quantization(dense_sums(threshold=0.7311), spike_trains(40, seed=6))
    report = done.layers[1]
    assert report.identity_error is not None
    bare = min(done.chip.incoming("e_lif"), key=lambda p: np.count_nonzero(p.weight))
    found = abs(int(bare.weight.max()) / report.scale - 1)
    assert 0 < report.identity_error < 0.005
    assert found == pytest.approx(report.identity_error)
    assert report.threshold / report.scale == pytest.approx(0.7311, rel=1e-6)


def test_an_input_that_branches_needs_input_form_spikes() -> None:
    """Biases drive one population; spikes reach every reader of the input."""
    with pytest.raises(
        UnsupportedLayer, match=r"'d_if': it takes the network's input .*input form 'spikes'"
    ):
        quantization(odd_network(), odd_images(4))
    rng = np.random.default_rng(0)
    nodes = {
        "input": nir.Input(np.array([24])),
        "a_fc": nir.Affine(weights(rng, 12, 24, gain=2.5), biases(rng, 12)),
        "b_lif": portable_lif((12,), 2048),
        "c_fc": nir.Linear(weights(rng, 8, 12, gain=1.5)),
        "d_fc": nir.Linear(weights(rng, 8, 24, gain=1.5)),
        "e_lif": portable_lif((8,), 1024),
        "f_fc": nir.Linear(weights(rng, 4, 8, gain=1.0)),
        "output": nir.Output(np.array([4])),
    }
    edges = [
        ("input", "a_fc"), ("a_fc", "b_lif"), ("b_lif", "c_fc"), ("c_fc", "e_lif"),
        ("input", "d_fc"), ("d_fc", "e_lif"), ("e_lif", "f_fc"), ("f_fc", "output"),
    ]  # fmt: skip
    graph = with_facts(nodes, edges, time_steps=20, form="sequence")
    done = quantization(graph, spike_trains(40, seed=6), input_form="spikes")
    assert [(p.source, p.steps, p.means) for p in done.balancing.paths] == [("input", 1, "delay")]
    assert_like_the_network(graph, done, spike_trains(30, seed=4))


def odd_pooling(*, read_elsewhere: bool = False) -> nir.NIRGraph:
    """7x7 pooled to 3x3 before a padded convolution; the seventh row may have another reader."""
    rng = np.random.default_rng(1)
    nodes = {
        "input": nir.Input(np.array([1, 7, 7])),
        "a_conv": plain_conv(rng, (1, 4), 7, gain=3.0),
        "b_lif": portable_lif((4, 7, 7), 819),
        "c_pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "d_conv": plain_conv(rng, (4, 6), 3, gain=1.5),
        "e_lif": portable_lif((6, 3, 3), 819),
        "f_flatten": nir.Flatten(np.array([6, 3, 3]), 0, -1),
        "g_fc": nir.Affine(weights(rng, 5, 54, gain=1.0), biases(rng, 5)),
        "output": nir.Output(np.array([5])),
    }
    edges = [*chain(nodes)]
    if read_elsewhere:
        nodes["h_flatten"] = nir.Flatten(np.array([4, 7, 7]), 0, -1)
        nodes["i_fc"] = nir.Linear(weights(rng, 5, 196, gain=0.5))
        edges += [("b_lif", "h_flatten"), ("h_flatten", "i_fc"), ("i_fc", "output")]
    return with_facts(nodes, edges, time_steps=4)


def test_rows_that_pooling_drops_are_silenced() -> None:
    """The convolution folds, the seventh row never fires, and all else is as it would have been."""
    graph, inputs = odd_pooling(), INPUTS[:, :, :7, :7]
    done = quantization(graph, inputs[:40])
    folded = done.chip.incoming("e_lif")[0]
    assert isinstance(folded, ConvProjection)
    assert (folded.weight.shape, folded.stride, folded.padding) == ((6, 4, 6, 6), (2, 2), (2, 2))
    assert [layer.silenced for layer in done.layers] == [4 * 13, 0, 0]
    trace = simulate(done.chip, encode(graph, done.chip, inputs), record=True)
    fired = trace.recordings["b_lif"]["s"]
    assert not fired[:, :, :, 6:].any()
    assert not fired[..., 6:].any()
    spikes = np.moveaxis(run_graph(graph, inputs).spikes["b_lif"], 1, 0)[..., :6, :6]
    assert (fired[..., :6, :6] == spikes).mean() > 0.995
    assert spikes.mean() > 0.1
    expected = logits(run_graph(graph, inputs).outputs, read_facts(graph))
    assert np.median(np.abs(chip_logits(trace) - expected)) < 0.03 * expected.std()


def test_rows_that_anyone_reads_keep_firing() -> None:
    """The layer behind the pooling is a matrix then."""
    graph, inputs = odd_pooling(read_elsewhere=True), INPUTS[:, :, :7, :7]
    done = quantization(graph, inputs[:40])
    assert isinstance(done.chip.incoming("e_lif")[0], DenseProjection)
    assert [layer.silenced for layer in done.layers] == [0, 0, 0]
    assert done.chip.population("b_lif").threshold.shape == ()
    assert_like_the_network(graph, done, inputs)
