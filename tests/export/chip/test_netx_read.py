"""Netx files as other tools spell them."""

from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from tests.foreign_netx import CONV, DENSE, FLATTEN, INPUT, LIF, Spelling, changed, netx
from tests.same_graph import assert_same_graph
from tests.small_chip_graphs import chain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's file goes."""
    return tmp_path / "foreign.net"


def test_a_foreign_chain(path: Path) -> None:
    """Layers are named by their place in the file; nothing is known about the run."""
    dense = changed(
        DENSE, weight=np.arange(-36.0, 36.0).reshape(3, 24), bias=np.array([1.9, -1.9, 0])
    )
    graph = read_netx(netx(path, INPUT, CONV, FLATTEN, dense))
    assert (graph.input.name, graph.input.form, graph.input.shape) == ("input", "spikes", (2, 4, 3))
    assert [(p.name, p.shape) for p in graph.populations] == [("l001", (4, 3, 2)), ("l003", (3,))]
    assert [(p.source, p.target) for p in graph.projections] == [
        ("input", "l001"),
        ("l001", "l003"),
    ]
    conv = graph.populations[0]
    assert (int(conv.decay_u), int(conv.decay_v), int(conv.threshold)) == (1024, 128, 80)
    assert graph.populations[1].bias.tolist() == [1, -1, 0]
    assert (graph.time_steps, graph.readout, graph.host, graph.classes) == (None, None, None, ())


def test_an_input_block_takes_biases(path: Path) -> None:
    """An input layer with neurons is driven by biases; its transform is netx's to offer."""
    block = changed(INPUT, bias=np.array([34.0]), weight=np.array([36.0])) | LIF
    graph = read_netx(netx(path, block, CONV))
    assert (graph.input.name, graph.input.form) == ("l000", "bias")
    assert not graph.populations[0].bias.any()


def test_without_an_input_layer(path: Path) -> None:
    """A dense layer says itself how many inputs it has."""
    graph = read_netx(netx(path, DENSE), input_form="graded")
    assert (graph.input.form, graph.input.shape) == ("graded", (24,))


def test_first_layers_only(path: Path) -> None:
    """As netx's num_layers: input and flatten count, what follows isn't even looked at."""
    average: Spelling = {"type": b"average", "shape": [3]}
    graph = read_netx(netx(path, INPUT, CONV, FLATTEN, DENSE, average), num_layers=4)
    assert [p.name for p in graph.populations] == ["l001", "l003"]


def test_part_of_our_own_file(path: Path) -> None:
    """Names stay; a readout that was left out is gone."""
    graph = chain(1, "bias").readout(3).graph(5)
    write_netx(graph, path)
    part = read_netx(path, num_layers=2)
    assert [p.name for p in part.populations] == ["input", "p1"]
    assert (part.time_steps, part.readout) == (5, None)


CONV_SPELLINGS: dict[str, Spelling] = {
    "trailing one": {"weight": np.arange(32.0).reshape(4, 2, 2, 2, 1)},
    "fractions": {"weight": np.arange(32.0).reshape(4, 2, 2, 2) + 0.9},
    "pairs": {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]},
    "type as text": {"type": np.array([b"conv"], dtype="S10"), "neuron__type": "CUBA"},
    "one-element decay": {"neuron__iDecay": [1024], "neuron__vDecay": 128.0},
    "per-neuron threshold": {"neuron__vThMant": np.full((2, 3, 4), 80)},
    "per-channel threshold": {"neuron__vThMant": np.full(4, 80)},
    "zero bias": {"bias": np.zeros(4)},
    "no-op delay": {"delay": np.zeros(4)},
    "ignored delay": {"delay": np.arange(4)},
    "ignored fields": {"neuron__refDelay": 7, "neuron__wgtExp": -3, "neuron__gradedSpike": True},
}


@pytest.mark.parametrize("spelling", CONV_SPELLINGS.values(), ids=CONV_SPELLINGS.keys())
def test_spellings_of_a_convolution(spelling: Spelling, tmp_path: Path) -> None:
    """Different datasets, the same network."""
    plain = read_netx(netx(tmp_path / "plain.net", INPUT, CONV))
    other = netx(tmp_path / "other.net", INPUT, changed(CONV, **spelling))
    assert_same_graph(read_netx(other), plain)


def test_conv_geometry_is_rows_then_columns(path: Path) -> None:
    """Stride, padding and dilation pairs, as PyTorch orders them."""
    conv = changed(CONV, shape=[4, 2, 6], stride=[2, 1], padding=[1, 2], dilation=[2, 1])
    (projection,) = read_netx(netx(path, INPUT, conv)).projections
    assert isinstance(projection, ConvProjection)
    assert (projection.stride, projection.padding, projection.dilation) == ((2, 1), (1, 2), (2, 1))


def test_per_neuron_arrays_of_maps_are_in_lavas_order(path: Path) -> None:
    """(W, H, C) in the file, since netx hands them to Lava as they are."""
    values = np.arange(24).reshape(2, 3, 4)
    graph = read_netx(netx(path, INPUT, changed(CONV, neuron__vDecay=values, bias=values)))
    assert np.array_equal(graph.populations[0].decay_v, values.transpose(2, 1, 0))
    assert np.array_equal(graph.populations[0].bias, values.transpose(2, 1, 0))


DENSE_SPELLINGS: dict[str, Spelling] = {
    "flat weights": {"weight": np.ones(72)},
    "flat shape": {"shape": [3]},
    "per-neuron decay": {"neuron__vDecay": [128, 128, 128]},
    "no delay": {"delay": np.zeros((3, 24))},
    "zero bias": {"bias": np.zeros(3)},
}


@pytest.mark.parametrize("spelling", DENSE_SPELLINGS.values(), ids=DENSE_SPELLINGS.keys())
def test_spellings_of_a_dense_layer(spelling: Spelling, tmp_path: Path) -> None:
    """Different datasets, the same network."""
    plain = read_netx(netx(tmp_path / "plain.net", INPUT, DENSE))
    other = netx(tmp_path / "other.net", INPUT, changed(DENSE, **spelling))
    assert_same_graph(read_netx(other), plain)


def test_a_dense_layer_without_neurons_integrates(path: Path) -> None:
    """netx's default: u never decays, v keeps nothing, threshold one beyond the chip's field."""
    bare = {key: value for key, value in DENSE.items() if not key.startswith("neuron")}
    (population,) = read_netx(netx(path, bare)).populations
    fields = (population.decay_u, population.decay_v, population.threshold, population.bias)
    assert [int(field) for field in fields] == [0, 4096, 131072, 0]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (7, [[7, 7], [7, 7], [7, 7]]),
        ([1, 2, 3], [[1, 1], [2, 2], [3, 3]]),
        ([4.7, 5], [[4, 5], [4, 5], [4, 5]]),
        ([[1, 2], [3, 4], [5, 99]], [[1, 2], [3, 4], [5, 62]]),
    ],
)
def test_spellings_of_delays(delay: object, expected: list[list[int]], path: Path) -> None:
    """One for all, per target, per source or per synapse; clamped to 62 as netx does."""
    layer = changed(DENSE, weight=np.ones((3, 2)), delay=delay)
    (projection,) = read_netx(netx(path, layer)).projections
    assert isinstance(projection, DenseProjection)
    assert projection.delay is not None
    assert projection.delay.tolist() == expected


def test_a_vector_of_delays_on_a_square_matrix_is_per_target(path: Path) -> None:
    """netx looks at the targets first."""
    layer = changed(DENSE, weight=np.ones((3, 3)), delay=[0, 1, 2])
    (projection,) = read_netx(netx(path, layer)).projections
    assert isinstance(projection, DenseProjection)
    assert projection.delay is not None
    assert projection.delay.tolist() == [[0, 0, 0], [1, 1, 1], [2, 2, 2]]


def test_a_recurrent_layer(path: Path) -> None:
    """Two projections; both matrices are judged and clipped together."""
    layer = changed(
        DENSE, type=b"dense_rec", weight=[[300, 1], [1, -1], [1, 1]], weight_rec=[-2, 3] * 4 + [-2]
    )
    forward, back = read_netx(netx(path, layer)).projections
    assert (back.source, back.target) == ("l000", "l000")
    assert forward.weight.tolist() == [[254, 1], [1, -1], [1, 1]]
    assert back.weight.tolist() == [[-2, 3, -2], [3, -2, 3], [-2, 3, -2]]


def test_mixed_weights_out_of_range_are_clipped(path: Path) -> None:
    """As Lava clips them, odd values and fractions included."""
    weight = np.array([[300.5, -300, 7], [-0.9, 255, -256], [1, 2, 3]])
    (projection,) = read_netx(netx(path, changed(DENSE, weight=weight))).projections
    assert projection.weight.tolist() == [[254, -256, 7], [0, 254, -256], [1, 2, 3]]


def test_our_own_graph_is_checked_too(path: Path) -> None:
    """What comes back is a valid chip graph, ready to be emulated."""
    graph = read_netx(netx(path, INPUT, CONV, FLATTEN, changed(DENSE, weight=np.ones((3, 24)))))
    assert isinstance(graph, ChipGraph)
    assert all(p.bias.dtype == np.int64 for p in graph.populations)
