"""NIR files: read from anyone, refused in one line when damaged, written whole."""

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from export.errors import InvalidGraph
from export.nir_file import MAX_BYTES, read_nir, refuse_non_finite, write_nir
from export.nir_metadata import read_facts
from tests.frozen_networks import conv_network
from tests.full_disk import full_disk
from tests.other_networks import residual_network
from trainers.errors import FileError, SpikeportError

BIAS = "node/nodes/l000_conv/bias"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a small network."""
    write_nir(conv_network(channels=(2, 3)), tmp_path / "model.nir")
    return tmp_path / "model.nir"


def refused(path: Path, message: str, kind: type[SpikeportError] = FileError) -> None:
    """Reading fails in one line that names the file."""
    with pytest.raises(kind, match=message) as error:
        read_nir(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def edited(path: Path, edit: Callable[[h5py.File], object]) -> Path:
    """The same file after an edit by hand."""
    with h5py.File(path, "r+") as file:
        edit(file)
    return path


@pytest.mark.parametrize("graph", [conv_network(), residual_network()])
def test_graphs_survive_the_file(graph: nir.NIRGraph, tmp_path: Path) -> None:
    """Nodes, parameters with their dtypes, edges and facts."""
    write_nir(graph, tmp_path / "model.nir")
    found = read_nir(tmp_path / "model.nir")
    assert sorted(found.edges) == sorted(graph.edges)
    assert found.nodes.keys() == graph.nodes.keys()
    for name, node in graph.nodes.items():
        assert type(found.nodes[name]) is type(node)
        for key in ("weight", "bias", "tau", "v_threshold", "r", "v_reset", "v_leak"):
            if hasattr(node, key):
                array, read = getattr(node, key), getattr(found.nodes[name], key)
                assert read.dtype == array.dtype
                np.testing.assert_array_equal(read, array)
    assert read_facts(found) == read_facts(graph)
    assert os.listdir(tmp_path) == ["model.nir"]


def test_files_of_nirs_own_writer_are_read(tmp_path: Path) -> None:
    """A foreign graph without our metadata comes in; only its facts are missing."""
    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([3])),
        nir.Affine(np.ones((2, 3)), np.zeros(2)),
        nir.LIF(*(np.full(2, v) for v in (1e-3, 1.0, 0.0, 0.5))),
    )
    nir.write(tmp_path / "foreign.nir", graph)
    found = read_nir(tmp_path / "foreign.nir")
    assert found.nodes.keys() == graph.nodes.keys()
    with pytest.raises(InvalidGraph, match="written by another tool"):
        read_facts(found)


def test_equal_graphs_make_equal_files(tmp_path: Path) -> None:
    """The manifest hashes files, so the same network must write the same bytes."""
    for name in ("a.nir", "b.nir"):
        write_nir(conv_network(), tmp_path / name)
    assert (tmp_path / "a.nir").read_bytes() == (tmp_path / "b.nir").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.5, 0.9, 0.999])
def test_truncated_files(path: Path, share: float) -> None:
    """However much is left of it, a truncated file isn't read."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, "isn't a readable NIR file|its strings are damaged")


def test_damage_anywhere_is_one_line(path: Path) -> None:
    """Whatever bytes change, reading ends, and with nothing but our own errors."""
    content, rng = path.read_bytes(), np.random.default_rng(2)
    outcomes = []
    for _ in range(100):
        damaged = bytearray(content)
        for place in rng.integers(0, rng.choice([8000, len(content)]), size=4):
            damaged[place] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            read_nir(path)
        except SpikeportError as error:
            outcomes.append(str(error))
    assert len(outcomes) > 20
    assert not any("\n" in outcome for outcome in outcomes)


def test_other_files(tmp_path: Path) -> None:
    """Nothing, a folder, text, HDF5 of another kind."""
    other = tmp_path / "a.nir"
    refused(other, "no such file")
    refused(tmp_path, "no such file")
    other.write_text("not HDF5")
    refused(other, "isn't a readable NIR file")
    with h5py.File(other, "w") as file:
        file["x"] = np.arange(3)
    refused(other, "isn't a readable NIR file")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_name_their_node(path: Path, value: float) -> None:
    """Node and parameter are named, and how many values are wrong."""

    def spoil(file: h5py.File) -> None:
        file[BIAS][1] = value

    refused(edited(path, spoil), "node 'l000_conv', bias: 1 of 2 values are NaN", InvalidGraph)


def test_nested_graphs_are_searched_too() -> None:
    """A recurrent graph's own nodes are named with the way to them."""
    inner = nir.NIRGraph.from_list(
        nir.Input(np.array([2])), nir.Affine(np.full((2, 2), np.nan), np.zeros(2))
    )
    outer = nir.NIRGraph({"inner": inner}, [], type_check=False)
    with pytest.raises(InvalidGraph, match="f, node 'inner': node 'affine', weight: 4 of 4"):
        refuse_non_finite(outer, "f")


def delete_bias(file: h5py.File) -> None:
    """A parameter that NIR needs is gone."""
    del file[BIAS]


def delete_nodes(file: h5py.File) -> None:
    """No nodes at all."""
    del file["node/nodes"]


def unknown_kind(file: h5py.File) -> None:
    """A node that NIR doesn't know."""
    del file["node/nodes/l001_lif/type"]
    file["node/nodes/l001_lif/type"] = "Transformer"


def wrong_shape(file: h5py.File) -> None:
    """A neuron for another number of channels."""
    for key in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
        del file[f"node/nodes/l001_lif/{key}"]
        file[f"node/nodes/l001_lif/{key}"] = np.ones((5, 8, 8))


def edge_to_nowhere(file: h5py.File) -> None:
    """An edge names a node that isn't there."""
    file["node/edges"][0] = ("input", "nobody")


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (delete_bias, InvalidGraph),
        (delete_nodes, SpikeportError),
        (unknown_kind, SpikeportError),
        (wrong_shape, InvalidGraph),
        (edge_to_nowhere, InvalidGraph),
    ],
)
def test_graphs_that_contradict_themselves(
    path: Path, edit: Callable[[h5py.File], None], kind: type[SpikeportError]
) -> None:
    """A readable file whose content makes no network is one line as well."""
    refused(edited(path, edit), "isn't a readable NIR file|contradicts itself", kind)


def test_claims_that_nothing_backs_are_refused(path: Path) -> None:
    """A dataset of terabytes in a file of kilobytes is refused before it is allocated."""

    def claim(file: h5py.File) -> None:
        del file[BIAS]
        file.create_dataset(BIAS, shape=(1 << 40,), dtype="f4", chunks=(1 << 20,))

    refused(edited(path, claim), f"dataset '/{BIAS}' claims 4,398,046,511,104 bytes, but stores 0")


def test_a_bomb_is_refused_by_its_size(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is really stored is added up too; nothing is read of a file beyond the limit."""
    assert MAX_BYTES == 1 << 34
    monkeypatch.setattr("export.nir_file.MAX_BYTES", 1000)
    monkeypatch.setattr(nir, "read", lambda _: pytest.fail("was read"))
    refused(path, r"its datasets claim .* bytes, more than 1,000")


def test_types_that_no_nir_file_has_are_refused(path: Path) -> None:
    """Lists of variable length, as damage makes of strings, can crash the library."""

    def make_lists(file: h5py.File) -> None:
        del file[BIAS]
        lists = file.create_dataset(BIAS, (2,), dtype=h5py.vlen_dtype(np.uint8))
        lists[0] = np.arange(3, dtype=np.uint8)

    refused(edited(path, make_lists), f"'/{BIAS}' holds object, neither numbers nor text")


def soft_link(file: h5py.File, outside: Path) -> None:
    """A link inside the file."""
    del outside
    file[BIAS] = h5py.SoftLink("/node/nodes/l003_conv/bias")


def external_link(file: h5py.File, outside: Path) -> None:
    """A link to a dataset of another file."""
    file[BIAS] = h5py.ExternalLink(str(outside), "/x")


def external_data(file: h5py.File, outside: Path) -> None:
    """A dataset whose bytes are those of another file."""
    file.create_dataset(BIAS, (2,), dtype="f4", external=[(str(outside), 0, 8)])


def virtual_data(file: h5py.File, outside: Path) -> None:
    """A dataset put together from another file."""
    layout = h5py.VirtualLayout(shape=(2,), dtype="f4")
    layout[:] = h5py.VirtualSource(str(outside), "x", shape=(2,))
    file.create_virtual_dataset(BIAS, layout)


@pytest.mark.parametrize(
    ("attach", "message"),
    [
        (soft_link, f"'.*{BIAS}' is a link to elsewhere"),
        (external_link, f"'.*{BIAS}' is a link to elsewhere"),
        (external_data, f"dataset '/{BIAS}' takes its data from another file"),
        (virtual_data, f"dataset '/{BIAS}' takes its data from another file"),
    ],
)
def test_data_from_elsewhere_is_refused(
    path: Path, attach: Callable[[h5py.File, Path], None], message: str
) -> None:
    """A file from a stranger doesn't get to read the user's other files."""
    outside = path.with_name("outside.h5")
    with h5py.File(outside, "w") as file:
        file["x"] = np.ones(2, dtype=np.float32)

    def exchange(file: h5py.File) -> None:
        del file[BIAS]
        attach(file, outside)

    refused(edited(path, exchange), message)


def test_groups_in_a_circle_end(path: Path) -> None:
    """A group that holds itself is read as a graph that contradicts itself, not forever."""

    def close_circle(file: h5py.File) -> None:
        file["node/nodes/l000_conv/metadata"] = file["node"]

    refused(edited(path, close_circle), "isn't a readable NIR file|contradicts", SpikeportError)


@pytest.mark.parametrize("size", [0, 2000, 50_000])
def test_a_full_disk_leaves_the_old_file(path: Path, size: int) -> None:
    """Writing fails in one line; the file of before stands and nothing lies beside it."""
    before = path.read_bytes()
    for target in (path, path.with_name("new.nir")):
        with full_disk(size), pytest.raises(FileError, match=f"{target.name}: can't be written"):
            write_nir(conv_network(), target)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.nir"]
