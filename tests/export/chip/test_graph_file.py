"""Graph files hold any chip graph and give it back equal; what can't be stored is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Readout
from export.chip.graph_file import read_graph_file, write_graph_file
from export.chip.hdf5_guard import MAX_ELEMENTS
from export.chip.timing import timing_of
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from tests.any_chip_graphs import any_graphs
from tests.full_disk import full_disk
from tests.random_chip_graphs import Chain
from tests.same_graph import assert_equal_graph
from tests.small_chip_graphs import chain, diamond, population, skip
from trainers.errors import FileError, SpikeportError


@settings(deadline=None, max_examples=80)
@given(any_graphs())
def test_what_is_written_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, graph: ChipGraph
) -> None:
    """Every field of any directed graph: order, shapes of arrays, what is None, floats' bits."""
    check_graph(graph)
    path = tmp_path_factory.mktemp("graph") / "network.chip.h5"
    write_graph_file(graph, path)
    assert_equal_graph(read_graph_file(path), graph)


def test_random_graphs_hold_what_they_should() -> None:
    """Loops, skips, doubled projections, delayed convolutions and several readouts all occur."""
    seen: set[str] = set()

    @settings(deadline=None, max_examples=80, derandomize=True, database=None)
    @given(any_graphs())
    def look(graph: ChipGraph) -> None:
        ends = [(p.source, p.target) for p in graph.projections]
        delays = [p.delay for p in graph.projections if isinstance(p, ConvProjection)]
        timing = timing_of(graph)
        found = {
            "loop": any(len(group) > 1 for group in timing.groups),
            "self": any(source == target for source, target in ends),
            "doubled": len(set(ends)) < len(ends),
            "skip": any(len(graph.outgoing(p.name)) > 1 for p in graph.populations),
            "delayed convolution": any(delays),
            "several readouts": len(graph.readouts) > 1,
            "weighted": any(readout.weights for readout in graph.readouts),
            "no projection": not ends,
        }
        seen.update(name for name, holds in found.items() if holds)

    look()
    assert len(seen) == 8, seen


@pytest.mark.parametrize("graph", [diamond(1), skip(2), chain(3, "graded").graph(4)])
def test_graphs_of_other_tests_read_back_equal(graph: ChipGraph, tmp_path: Path) -> None:
    """A chain may lie in a graph file too."""
    write_graph_file(graph, tmp_path / "a.chip.h5")
    assert_equal_graph(read_graph_file(tmp_path / "a.chip.h5"), graph)


def test_the_layout_is_netx_groups_with_edges(tmp_path: Path) -> None:
    """Names, types and axis orders of netx, under another root group."""
    network = Chain(1, "spikes", (2, 5, 4))
    network.conv(3, (2, 3), stride=(2, 1), padding=(1, 0), threshold=np.arange(18).reshape(3, 3, 2))
    graph = network.dense(4, threshold=50, delay=3).graph(4)
    write_graph_file(graph, tmp_path / "network.chip.h5")
    with h5py.File(tmp_path / "network.chip.h5") as file:
        root = file["graph"]
        assert set(file) == {"graph", "spikeport"}
        assert set(root) == {"format", "input", "0", "1", "edges"}
        assert root["format"][()] == 1
        assert root["input/shape"][:].tolist() == [2, 5, 4]
        assert root["0/name"].asstr()[()] == "p0"
        assert bytes(root["0/neuron/type"][0]) == b"CUBA"
        threshold = root["0/neuron/vThMant"]
        assert np.array_equal(threshold[:], graph.populations[0].threshold.transpose(2, 1, 0))
        assert [bytes(root[f"edges/{k}/type"][0]) for k in (0, 1)] == [b"conv", b"dense"]
        assert root["edges/0/source"].asstr()[()] == "input"
        assert root["edges/0/weight"].shape == (3, 2, 2, 3)
        assert root["edges/0/stride"][:].tolist() == [2, 1]
        assert root["edges/1/delay"].shape == root["edges/1/weight"].shape == (4, 18)


def with_projection(**fields: Any) -> ChipGraph:
    """A convolution with one field changed."""
    graph = chain(4).graph()
    conv, dense = graph.projections
    return replace(graph, projections=(replace(conv, **fields), dense))


def with_dense(**fields: Any) -> ChipGraph:
    """A dense projection with one field changed."""
    graph = chain(4).graph()
    conv, dense = graph.projections
    return replace(graph, projections=(conv, replace(dense, **fields)))


def with_population(**fields: Any) -> ChipGraph:
    """A population with one field changed."""
    graph = chain(4).graph()
    first, second = graph.populations
    return replace(graph, populations=(first, replace(second, **fields)))


def with_readout(scale: float) -> ChipGraph:
    """A readout of this scale."""
    return replace(chain(4).graph(), readouts=(Readout("p1", scale),))


BEYOND: dict[str, tuple[ChipGraph, type[SpikeportError], str]] = {
    "weight": (with_projection(weight=np.full((3, 2, 2, 2), 255)), LimitExceeded, "weight 255 lie"),
    "low weight": (with_dense(weight=np.full((5, 30), -257)), LimitExceeded, "weight -257 lies"),
    "delay": (with_dense(delay=np.full((5, 30), 63)), LimitExceeded, r"delay 63 lies.*0\.\.62"),
    "conv delay": (with_projection(delay=63), LimitExceeded, r"'input' -> 'p0': delay 63 lies"),
    "threshold": (
        with_population(threshold=np.array(131072)), LimitExceeded, "'p1': threshold 131072 lies",
    ),
    "bias": (
        with_population(bias=np.array(-4096)), LimitExceeded, r"bias -4096 lies.*-4095\.\.4095",
    ),
    "decay": (
        with_population(decay_v=np.array(4097)), LimitExceeded, r"decay_v 4097 lies.*0\.\.4096",
    ),
    "dtype": (with_population(bias=np.array(0.5)), InvalidGraph, "bias: dtype float64"),
    "scale": (with_readout(float("nan")), InvalidGraph, "volts_to_logit: Input should be a fin"),
    "name": (
        replace(diamond(1), populations=(population("x\ny", (2,)), *diamond(1).populations)),
        InvalidGraph, r"name 'x\\ny' is empty or isn't printable",
    ),
    "classes": (replace(chain(4).graph(), classes=("\ud800",)), InvalidGraph, "facts can't be wri"),
}  # fmt: skip


@pytest.mark.parametrize("case", BEYOND.values(), ids=BEYOND.keys())
def test_what_cannot_be_stored_is_refused(
    case: tuple[ChipGraph, type[SpikeportError], str], tmp_path: Path
) -> None:
    """By name, with value and limit; no file appears."""
    graph, error, message = case
    with pytest.raises(error, match=message) as raised:
        write_graph_file(graph, tmp_path / "network.chip.h5")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    """Whole or not at all."""
    with full_disk(1000), pytest.raises(FileError, match=r"network\.chip\.h5: can't be written"):
        write_graph_file(diamond(1), tmp_path / "network.chip.h5")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A whole file: conv, dense with delays, a loop."""
    network = Chain(4, "spikes", (2, 4, 3)).conv(3, (2, 2), threshold=9)
    graph = network.dense(4, threshold=9, delay=2).dense(3, threshold=9).graph(4)
    back = DenseProjection("p2", "p1", np.ones((4, 3), np.int64))
    write_graph_file(replace(graph, projections=(*graph.projections, back)), tmp_path / "a.chip.h5")
    return tmp_path / "a.chip.h5"


def set_(key: str, value: object) -> Callable[[h5py.File], object]:
    """Replaces a dataset, or removes it (None)."""

    def change(file: h5py.File) -> None:
        if key in file:
            del file[key]
        if value is not None:
            file[key] = value

    return change


def set_facts(**fields: object) -> Callable[[h5py.File], object]:
    """Changes the facts."""

    def change(file: h5py.File) -> None:
        facts = json.loads(file["spikeport/facts"].asstr()[()])
        set_("spikeport/facts", json.dumps(facts | fields))(file)

    return change


def claim(key: str, size: tuple[int, ...], **options: Any) -> Callable[[h5py.File], object]:
    """A dataset whose header claims more than it stores."""

    def change(file: h5py.File) -> None:
        del file[key]
        data = np.ones((1,) * len(size), np.int16)
        made = file.create_dataset(
            key, data=data, chunks=data.shape, maxshape=(None,) * len(size), **options
        )
        made.resize(size)

    return change


EDGE = "graph/edges/1"
SPOILED: dict[str, tuple[Callable[[h5py.File], object], type[SpikeportError], str]] = {
    "no graph": (lambda f: f.move("graph", "layer"), FileError, "there is no group 'graph'"),
    "version": (set_("graph/format", 2), FileError, "format 2 is unknown, this version reads 1"),
    "versions": (set_("graph/format", [1, 1]), FileError, "format .1, 1. is unknown"),
    "facts' version": (set_facts(format=7), FileError, "format '7' is unknown"),
    "no facts": (set_("spikeport", None), FileError, "group 'spikeport' is missing"),
    "few names": (set_facts(populations=["p0"]), FileError, "'1' has no meaning here"),
    "other name": (set_("graph/1/name", "x"), InvalidGraph, "population 1: name 'x' isn't 'p1'"),
    "a gap": (set_("graph/1", None), FileError, "graph: '1' is missing"),
    "a gap in edges": (set_("graph/edges/0", None), FileError, "edges: '3' has no|'0' is missing"),
    "unknown": (set_("graph/0/colour", 1), FileError, "population 0: 'colour' has no meaning"),
    "unknown edge": (set_(f"{EDGE}/type", b"pool"), UnsupportedLayer, "edge 1: type 'pool' isn't"),
    "unknown neuron": (set_("graph/0/neuron/type", b"SDNN"), UnsupportedLayer, "type 'SDNN' isn't"),
    "refractory": (set_("graph/0/neuron/refDelay", 2), UnsupportedLayer, "refDelay isn't 1"),
    "end": (set_(f"{EDGE}/source", "x"), InvalidGraph, "edge 1: there is no population 'x'"),
    "shape": (set_("graph/0/shape", [2, 2]), InvalidGraph, "shape has 2 sizes"),
    "giant": (set_("graph/0/shape", [9999] * 3), InvalidGraph, "of 1 to 268435456 neurons"),
    "NaN": (set_(f"{EDGE}/weight", np.full((4, 18), np.nan)), InvalidGraph, "weight: holds NaN"),
    "fraction": (set_(f"{EDGE}/weight", np.full((4, 18), 0.5)), InvalidGraph, "0.5 isn't an int"),
    "range": (set_(f"{EDGE}/weight", np.full((4, 18), 300)), LimitExceeded, "weight 300 lies"),
    "matrix": (
        set_(f"{EDGE}/weight", np.ones((4, 17))), InvalidGraph, r"weight has shape \(4, 17\), exp",
    ),
    "delays": (set_(f"{EDGE}/delay", [1]), InvalidGraph, r"delay has shape \(1,\), expected \(ta"),
    "kernel": (
        set_("graph/edges/0/weight", np.ones((4, 2, 2, 2))), InvalidGraph, r"expected \(O, I/grou",
    ),
    "stride": (set_("graph/edges/0/stride", 1), InvalidGraph, r"stride has shape \(\), expected"),
    "many biases": (set_("graph/1/bias", np.ones(5)), InvalidGraph, r"bias has shape \(5,\), more"),
    "bias shape": (set_("graph/1/bias", np.ones(3)), InvalidGraph, r"shape \(3,\) can't be broadc"),
    "million by million": (
        claim(f"{EDGE}/weight", (10**6, 10**6)), FileError, "claims 1000000000000 elements, more",
    ),
    "within the limit": (
        claim(f"{EDGE}/weight", (1 << 14, 1 << 13)), FileError, "claims 134217728 elements and sto",
    ),
    "compressed": (
        claim("graph/1/bias", (MAX_ELEMENTS // 4,), compression="gzip"), FileError, "and stores",
    ),
    "soft link": (set_(f"{EDGE}/weight", h5py.SoftLink("/graph/0")), FileError, "is a link to els"),
    "external link": (
        set_("graph/0", h5py.ExternalLink("/etc/hosts", "/")), FileError, "'0' is a link to elsew",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILED.values(), ids=SPOILED.keys())
def test_spoiled_files_are_refused(
    case: tuple[Callable[[h5py.File], object], type[SpikeportError], str], path: Path
) -> None:
    """One line that starts with the file and names the place."""
    change, error, message = case
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(error, match=message) as raised:
        read_graph_file(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.9999])
def test_truncated_files_are_refused(share: float, path: Path) -> None:
    """A file that lacks its end is never half a network."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileError, match="isn't a readable HDF5 file"):
        read_graph_file(path)


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)
)
def test_damaged_bytes_never_escape(damage: list[tuple[float, int]], path: Path) -> None:
    """Whatever bytes change, the answer is a network or one line."""
    content = path.read_bytes()
    spoiled = bytearray(content)
    for place, value in damage:
        spoiled[int(place * len(spoiled))] = value
    path.with_suffix(".spoiled").write_bytes(spoiled)
    try:
        line = read_graph_file(path.with_suffix(".spoiled")).input.name
    except SpikeportError as error:
        line = str(error)
    assert "\n" not in line
