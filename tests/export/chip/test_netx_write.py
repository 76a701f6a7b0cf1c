"""Netx files hold what was written, in netx's own spelling; what they can't hold is refused."""

import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from export.chip.graph import (
    ChipGraph,
    ConvProjection,
    DenseProjection,
    InputForm,
    IntArray,
    Readout,
)
from export.chip.netx_facts import RunFacts
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from tests.any_chip_graphs import HOSTS
from tests.random_chip_graphs import Chain, integers
from tests.same_graph import assert_same_graph
from tests.small_chip_graphs import chain, diamond, population, skip
from trainers.errors import FileError, SpikeportError


@st.composite
def networks(draw: st.DrawFn) -> ChipGraph:
    """Any chain that netx has a spelling for."""
    form: InputForm = draw(st.sampled_from(["bias", "spikes", "graded"]))
    maps = draw(st.booleans())
    shape = draw(st.tuples(*[st.integers(1, 4)] * 3)) if maps else (draw(st.integers(1, 6)),)
    network = Chain(draw(st.integers(0, 2**32)), form, shape)
    rng = network.rng

    def drawn(low: int, high: int, size: tuple[int, ...]) -> IntArray:
        full = draw(st.booleans())
        return integers(rng.integers(low, high, size if full else ()))

    if form == "bias":
        network.neurons(
            shape, threshold=drawn(0, 131072, shape), decay_v=drawn(0, 4097, shape), name="input"
        )
    for _ in range(draw(st.integers(0, 2)) if maps else 0):
        size = (draw(st.integers(1, 3)), shape[1], shape[2])
        network.conv(
            size[0], (1, 3), padding=(0, 1), weights=(-256, 255),
            threshold=drawn(0, 131072, size), bias=drawn(-4095, 4096, size),
            decay_u=drawn(0, 4097, size), decay_v=drawn(0, 4097, size),
        )  # fmt: skip
    for _ in range(draw(st.integers(0 if network.projections else 1, 2))):
        count = draw(st.integers(1, 5))
        feeds_itself = draw(st.booleans())
        network.dense(
            count, weights=(-256, 255), threshold=drawn(0, 131072, (count,)),
            bias=drawn(-4095, 4096, (count,)), decay_u=drawn(0, 4097, (count,)),
            delay=draw(st.none() if feeds_itself else st.integers(0, 62)),
            feedback=(-256, 255) if feeds_itself else None,
        )  # fmt: skip
    graph = network.graph(draw(st.none() | st.integers(1, 9)))
    return replace(
        graph,
        readouts=draw(st.sampled_from([(), (Readout(graph.populations[-1].name, 0.1 + 0.2),)])),
        classes=draw(st.sampled_from([(), ("cat", "größer", "犬")])),
        host=draw(st.sampled_from(HOSTS)),
    )


@settings(deadline=None, max_examples=60)
@given(networks())
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, graph: ChipGraph
) -> None:
    """Every integer, name and fact of a network whose matrices Lava wouldn't ruin."""
    path = tmp_path_factory.mktemp("net") / "chip.net"
    try:
        write_netx(graph, path)
    except LimitExceeded:
        reject()
    assert_same_graph(read_netx(path), graph)


def test_the_layout_is_netx_own(tmp_path: Path) -> None:
    """Groups, names, types and axis orders as lava-dl's netx reads them."""
    rng = np.random.default_rng(0)
    network = Chain(1, "bias", (2, 5, 4)).biased_input(threshold=70)
    network.conv(
        3, (2, 3), stride=(2, 1), padding=(1, 0),
        threshold=rng.integers(1, 9, (3, 3, 2)), bias=rng.integers(1, 9, (3, 3, 2)),
    )  # fmt: skip
    network.dense(4, threshold=50, bias=np.arange(4))
    graph = network.graph(4)
    write_netx(graph, tmp_path / "chip.net")
    conv = graph.populations[1]
    with h5py.File(tmp_path / "chip.net") as file:
        layers = file["layer"]
        assert set(file) == {"layer", "spikeport"}
        kinds = [bytes(layers[str(k)]["type"][0]) for k in range(len(layers))]
        assert kinds == [b"input", b"conv", b"flatten", b"dense"]
        assert layers["0/shape"][:].tolist() == [2, 5, 4]
        assert layers["1/weight"].shape == (3, 2, 2, 3)
        assert layers["1/stride"][:].tolist() == [2, 1]
        assert layers["1/padding"][:].tolist() == [1, 0]
        assert layers["1/groups"][()] == 1
        assert np.array_equal(layers["1/bias"][:], conv.bias.transpose(2, 1, 0))
        assert np.array_equal(layers["1/neuron/vThMant"][:], conv.threshold.transpose(2, 1, 0))
        assert layers["3/weight"].shape == (4, 18)
        assert layers["3/bias"][:].tolist() == [0, 1, 2, 3]
        assert bytes(layers["3/neuron/type"][0]) == b"CUBA"
        assert layers["0/neuron/vThMant"][()] == 70
        assert layers["0/neuron/iDecay"][()] == 4096
        assert layers["0/neuron/refDelay"][()] == 1


def test_channel_biases_are_one_value_per_channel(tmp_path: Path) -> None:
    """Netx's usual spelling of a convolution's bias, (O,)."""
    write_netx(chain(2).graph(), tmp_path / "chip.net")
    with h5py.File(tmp_path / "chip.net") as file:
        assert file["layer/1/bias"][:].tolist() == [5, -9, 0]


@pytest.mark.parametrize(("form", "offset"), [("bias", 0), ("spikes", 1)])
def test_the_facts_tell_the_reset(form: InputForm, offset: int, tmp_path: Path) -> None:
    """netx's reset_interval is T; its offset is 0 only for files that start with neurons."""
    write_netx(chain(3, form).graph(6), tmp_path / "chip.net")
    with h5py.File(tmp_path / "chip.net") as file:
        facts = RunFacts.model_validate_json(file["spikeport/facts"].asstr()[()])
    assert facts.reset is not None
    assert (facts.reset.interval, facts.reset.offset) == (6, offset)


def weighted_readout(*weights: float) -> ChipGraph:
    """A readout with one weight per step."""
    graph = chain(3, "bias").readout(3).graph(len(weights))
    assert graph.readout is not None
    return replace(graph, readouts=(replace(graph.readout, weights=weights),))


def test_readout_weights_survive_the_file(tmp_path: Path) -> None:
    """To the last bit, whatever their sign and size."""
    graph = weighted_readout(0.1, -1 / 3, 0.0, 1e-300, 1e300)
    write_netx(graph, tmp_path / "chip.net")
    assert_same_graph(read_netx(tmp_path / "chip.net"), graph)


def test_files_from_before_there_were_weights(tmp_path: Path) -> None:
    """Without the key, the readout's voltage is read once."""
    graph = chain(3, "bias").readout(3).graph(4)
    write_netx(graph, tmp_path / "chip.net")
    with h5py.File(tmp_path / "chip.net", "r+") as file:
        facts = json.loads(file["spikeport/facts"].asstr()[()])
        del file["spikeport/facts"]
        (readout,) = facts.pop("readouts")
        del readout["weights"]
        file["spikeport/facts"] = json.dumps(facts | {"readout": readout})
    back = read_netx(tmp_path / "chip.net")
    assert_same_graph(back, graph)
    assert back.readout is not None
    assert back.readout.weights is None


def test_files_from_before_there_were_several_readouts(tmp_path: Path) -> None:
    """A null under the old key is no readout."""
    graph = chain(3).graph(4)
    write_netx(graph, tmp_path / "chip.net")
    with h5py.File(tmp_path / "chip.net", "r+") as file:
        facts = json.loads(file["spikeport/facts"].asstr()[()])
        del file["spikeport/facts"], facts["readouts"]
        file["spikeport/facts"] = json.dumps(facts | {"readout": None})
    assert_same_graph(read_netx(tmp_path / "chip.net"), graph)


def test_more_weights_than_a_reader_takes_are_refused(tmp_path: Path) -> None:
    """Nothing is written that couldn't be read back."""
    with pytest.raises(LimitExceeded, match="60000 time_steps with a readout weight each"):
        write_netx(weighted_readout(*(np.arange(60000) + 1 / 3)), tmp_path / "chip.net")
    assert not (tmp_path / "chip.net").exists()


def dense_graph(weight: IntArray, *, recurrent: IntArray | None = None) -> ChipGraph:
    """One dense layer."""
    targets, sources = weight.shape
    network = Chain(4, "spikes", (sources,)).dense(targets, threshold=9)
    graph = network.graph()
    loops = () if recurrent is None else (DenseProjection("p0", "p0", recurrent),)
    return replace(graph, projections=(DenseProjection("input", "p0", weight), *loops))


def neuron_graph(**fields: int) -> ChipGraph:
    """One dense layer with one extreme parameter."""
    graph = dense_graph(np.array([[3, -2]]))
    arrays: dict[str, Any] = {key: np.array(value) for key, value in fields.items()}
    changed = replace(graph.populations[0], **arrays)
    return replace(graph, populations=(changed,))


def conv_graph(**fields: Any) -> ChipGraph:
    """One convolution with one extreme field."""
    graph = Chain(5, "spikes", (2, 3, 3)).conv(2, (1, 1), threshold=9).graph()
    (projection,) = graph.projections
    return replace(graph, projections=(replace(projection, **fields),))


LIMITS = {
    "all zero": (dense_graph(np.zeros((2, 3), int)), "every dense weight is 0"),
    "positive": (dense_graph(np.array([[256, 0]])), "largest is 256, above 255"),
    "positive 255": (dense_graph(np.array([[255, 0]])), r"weight 255 lies outside -256\.\.254"),
    "negative": (dense_graph(np.array([[-257, 0]])), "smallest is -257, below -256"),
    "power of two": (dense_graph(np.array([[-64, -3]])), "smallest is -64, minus a power of two"),
    "minus one": (dense_graph(np.array([[-1, 0]])), "smallest is -1, minus a power of two"),
    "mixed high": (dense_graph(np.array([[255, -1]])), r"weight 255 lies outside -256\.\.254"),
    "mixed low": (dense_graph(np.array([[-257, 1]])), r"weight -257 lies outside -256\.\.254"),
    "joint": (
        dense_graph(np.array([[-64, -3]]), recurrent=np.array([[-5]])),
        "smallest is -64, minus a power of two",
    ),
    "recurrent": (
        dense_graph(np.array([[4, -3]]), recurrent=np.array([[300]])),
        r"weight 300 would count as 0 in Lava \(no weight is negative and the largest is 300",
    ),
    "recurrent mixed": (
        dense_graph(np.array([[4, -3], [2, 1]]), recurrent=np.array([[300, 1], [-1, 1]])),
        r"'p0' -> 'p0': weight 300 lies outside -256\.\.254",
    ),
    "positive beside negative": (
        dense_graph(np.array([[201, 4]]), recurrent=np.array([[-5]])),
        r"weight 201 would count as 0 in Lava \(no weight of this matrix is negative",
    ),
    "odd with a zero": (dense_graph(np.array([[-201, 0]])), "smallest is -201, and one is odd"),
    "threshold": (neuron_graph(threshold=131072), r"threshold 131072 lies outside 0\.\.131071"),
    "negative threshold": (neuron_graph(threshold=-1), r"threshold -1 lies outside 0\.\.131071"),
    "bias": (neuron_graph(bias=4096), r"bias 4096 lies outside -4095\.\.4095"),
    "negative bias": (neuron_graph(bias=-4096), r"bias -4096 lies outside -4095\.\.4095"),
    "decay_u": (neuron_graph(decay_u=4097), r"decay_u 4097 lies outside 0\.\.4096"),
    "decay_v": (neuron_graph(decay_v=-1), r"decay_v -1 lies outside 0\.\.4096"),
    "conv weight": (conv_graph(weight=np.full((2, 2, 1, 1), 255)), r"weight 255 lies outside"),
    "delay": (
        Chain(6, "spikes", (3,)).dense(2, threshold=9, delay=63).graph(),
        r"delay 63 lies outside 0\.\.62",
    ),
    "groups": (
        Chain(7, "spikes", (128, 1, 1)).conv(128, (1, 1), threshold=9, groups=128).graph(),
        "groups 128 exceeds 127",
    ),
}


@pytest.mark.parametrize("case", LIMITS.values(), ids=LIMITS.keys())
def test_values_beyond_a_limit_are_refused(case: tuple[ChipGraph, str], tmp_path: Path) -> None:
    """By name, with value and limit; no file appears."""
    graph, message = case
    assert_refused(graph, LimitExceeded, message, tmp_path)


def back(source: str, target: str) -> DenseProjection:
    """Two neurons onto two others."""
    return DenseProjection(source, target, np.array([[1, -1], [2, 2]]))


def looped(members: int) -> ChipGraph:
    """Populations that feed each other round a ring."""
    network = Chain(8, "spikes", (3,))
    for _ in range(members):
        network.dense(2, threshold=9)
    graph = network.graph()
    return replace(graph, projections=(*graph.projections, back(f"p{members - 1}", "p0")))


def biased_loop() -> ChipGraph:
    """A ring that the host's biases drive."""
    network = Chain(8, "bias", (2,)).biased_input(threshold=9)
    graph = network.dense(2, threshold=9).dense(2, threshold=9).graph()
    return replace(graph, projections=(*graph.projections, back("p2", "input")))


def loop_apart() -> ChipGraph:
    """A ring of three beside the chain."""
    graph = Chain(8, "spikes", (3,)).dense(2, threshold=9).graph()
    ring = [f"ring{k}" for k in range(3)]
    edges = [back(ring[k], ring[(k + 1) % 3]) for k in range(3)]
    return replace(
        graph,
        populations=(*graph.populations, *(population(name, (2,)) for name in ring)),
        projections=(*graph.projections, *edges),
    )


def loop_beyond() -> ChipGraph:
    """The chain's first layer leads into a ring of two."""
    network = Chain(8, "spikes", (3,))
    graph = network.dense(2, threshold=9).dense(2, threshold=9).dense(2, threshold=9).graph()
    return replace(graph, projections=(*graph.projections, back("p2", "p1")))


def two_readouts() -> ChipGraph:
    """Logits from both layers."""
    graph = Chain(8, "spikes", (3,)).dense(2, threshold=9).dense(2, threshold=9).graph()
    return replace(graph, readouts=(Readout("p0", 1.0), Readout("p1", 1.0)))


def fed_input() -> ChipGraph:
    """A projection onto the bias-driven population."""
    graph = Chain(9, "bias", (2,)).biased_input(threshold=9).dense(2, threshold=9).graph()
    back = DenseProjection("input", "input", np.array([[1, -1], [2, 2]]))
    return replace(graph, projections=(*graph.projections, back))


def conv_loop() -> ChipGraph:
    """A convolutional population that feeds itself."""
    graph = Chain(10, "spikes", (2, 3, 3)).conv(2, (1, 1), threshold=9).graph()
    loop = ConvProjection("p0", "p0", np.array([[[[1]], [[2]]], [[[3]], [[4]]]]))
    return replace(graph, projections=(*graph.projections, loop))


def delayed_loop() -> ChipGraph:
    """A delay in a layer that feeds itself."""
    graph = dense_graph(np.array([[4, -3]]), recurrent=np.array([[3]]))
    forward, back = graph.projections
    slow = DenseProjection("input", "p0", forward.weight, np.array([[1, 2]]))
    return replace(graph, projections=(slow, back))


def dense_onto_maps() -> ChipGraph:
    """A dense projection onto a (C, H, W) population."""
    graph = dense_graph(np.array([[4, -3], [1, 2]]))
    return replace(graph, populations=(replace(graph.populations[0], shape=(2, 1, 1)),))


def unfed() -> ChipGraph:
    """A population that nothing leads to."""
    graph = dense_graph(np.array([[4, -3]]))
    return replace(graph, populations=(*graph.populations, population("island", (2,))))


SHAPES = {
    "branch": (diamond(11), "'a' feeds 2 projections .'left', 'right'., a branch or a skip"),
    "skip": (skip(12), "'in' feeds 2 projections .'mid', 'end'., a branch or a skip"),
    "loop of two": (looped(2), "'p0' receives from 2 projections .'input', 'p1'."),
    "loop of three": (looped(3), "'p0' receives from 2 projections .'input', 'p2'."),
    "loop of biases": (biased_loop(), "'p2' -> 'input' feeds the bias-driven input"),
    "loop apart": (loop_apart(), "'ring0' isn't fed"),
    "loop beyond": (loop_beyond(), "'p1' receives from 2 projections .'p0', 'p2'."),
    "two readouts": (two_readouts(), "2 readouts .'p0', 'p1'., and a chain has one"),
    "fed input": (fed_input(), "'input' -> 'input' feeds the bias-driven input"),
    "conv loop": (conv_loop(), "only a dense layer can feed itself"),
    "delayed loop": (delayed_loop(), "can't have delays"),
    "dense onto maps": (dense_onto_maps(), r"shape \(2, 1, 1\) \(a pooling before"),
    "unfed": (unfed(), "'island' isn't fed"),
    "nothing": (
        Chain(13, "bias", (2,)).biased_input(threshold=9).graph(),
        "nothing receives the spikes of 'input'",
    ),
}


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES.keys())
def test_graphs_that_are_no_chain_are_refused(case: tuple[ChipGraph, str], tmp_path: Path) -> None:
    """By name of the population or projection that netx has no spelling for."""
    graph, message = case
    assert_refused(graph, UnsupportedLayer, message, tmp_path)


def test_a_graph_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    """Both shapes are named."""
    graph = dense_graph(np.array([[4, -3]]))
    wrong = replace(graph.projections[0], weight=np.array([[4, -3, 2]]))
    assert_refused(
        replace(graph, projections=(wrong,)),
        InvalidGraph,
        r"'input' -> 'p0': weight has shape \(1, 3\), expected \(targets, sources\) = \(1, 2\)",
        tmp_path,
    )


def assert_refused(
    graph: ChipGraph, error: type[SpikeportError], message: str, folder: Path
) -> None:
    """One line, and an empty folder."""
    with pytest.raises(error, match=message) as raised:
        write_netx(graph, folder / "chip.net")
    assert "\n" not in str(raised.value)
    assert not list(folder.iterdir())


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """The file is whole or untouched, and the process survives."""
    path = tmp_path / "chip.net"
    write_netx(chain(14).graph(), path)
    before = path.read_bytes()
    with file_size_limit(4096), pytest.raises(FileError, match=r"chip\.net: can't be written"):
        write_netx(Chain(15, "spikes", (300,)).dense(300, threshold=9).graph(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The operating system refuses to write files beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
