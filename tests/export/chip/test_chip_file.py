"""A network's chip file: which of the two kinds, whole, and read by what it holds."""

import os
from pathlib import Path

import h5py
import pytest

from export.chip.chip_file import chip_file_name, holds_graph, read_chip, write_chip
from export.chip.graph import ChipGraph
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, UnsupportedLayer
from tests.foreign_netx import DENSE, netx
from tests.full_disk import full_disk
from tests.same_graph import assert_equal_graph, assert_same_graph
from tests.small_chip_graphs import chain, diamond, skip
from trainers.errors import FileError


@pytest.mark.parametrize(
    ("graph", "name"),
    [
        (chain(1, "bias").graph(4), "chip.net"),
        (diamond(1), "network.chip.h5"),
        (skip(1), "network.chip.h5"),
    ],
)
def test_the_file_that_fits(graph: ChipGraph, name: str, tmp_path: Path) -> None:
    """Chains as netx, all else as a graph file; both read back."""
    assert chip_file_name(graph) == name
    path = write_chip(graph, tmp_path)
    assert path == tmp_path / name
    assert holds_graph(path) == (name != "chip.net")
    assert_same_graph(read_chip(path), graph)


def test_the_other_kind_goes_when_the_new_file_is_whole(tmp_path: Path) -> None:
    """Never two networks, never none."""
    write_chip(chain(2).graph(), tmp_path)
    with full_disk(1000), pytest.raises(FileError, match="can't be written"):
        write_chip(diamond(2), tmp_path)
    assert os.listdir(tmp_path) == ["chip.net"]
    write_chip(diamond(2), tmp_path)
    assert os.listdir(tmp_path) == ["network.chip.h5"]
    write_chip(chain(2).graph(), tmp_path)
    assert os.listdir(tmp_path) == ["chip.net"]


def test_another_file_that_stays_is_said(tmp_path: Path) -> None:
    """In one line with its name, although the new file is whole."""
    (tmp_path / "network.chip.h5").mkdir()
    with pytest.raises(FileError, match=r"network\.chip\.h5: can't be written"):
        write_chip(chain(2).graph(), tmp_path)
    assert (tmp_path / "chip.net").is_file()


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    """A graph called .net and a chain called .chip.h5."""
    write_chip(diamond(3), tmp_path).rename(tmp_path / "a.net")
    write_chip(chain(3).graph(), tmp_path).rename(tmp_path / "b.chip.h5")
    assert_equal_graph(read_chip(tmp_path / "a.net"), diamond(3))
    assert_same_graph(read_chip(tmp_path / "b.chip.h5"), chain(3).graph())


def test_options_reach_netx(tmp_path: Path) -> None:
    """The input form and the first layers only."""
    assert read_chip(netx(tmp_path / "a.net", DENSE), "graded").input.form == "graded"
    write_netx(chain(3).dense(2, threshold=9).graph(), tmp_path / "b.net")
    assert len(read_chip(tmp_path / "b.net", num_layers=2).populations) == 1


def test_options_that_contradict_a_graph_are_refused(tmp_path: Path) -> None:
    """A graph file says itself what it takes, and has no first layers."""
    path = write_chip(diamond(3), tmp_path)
    assert read_chip(path, "bias").input.form == "bias"
    with pytest.raises(InvalidGraph, match="'spikes' contradicts the file, whose form is 'bias'"):
        read_chip(path, "spikes")
    with pytest.raises(UnsupportedLayer, match="a graph has no first 2 layers"):
        read_chip(path, num_layers=2)


def test_what_is_no_chip_file(tmp_path: Path) -> None:
    """Neither group, both groups, no HDF5, nothing."""
    path = write_chip(diamond(3), tmp_path)
    with h5py.File(path, "r+") as file:
        file.create_group("layer")
    with pytest.raises(FileError, match="it holds both groups"):
        read_chip(path)
    with h5py.File(path, "w") as file:
        file["node"] = 1
    with pytest.raises(FileError, match="it holds neither group 'layer'"):
        read_chip(path)
    path.write_text("graph")
    with pytest.raises(FileError, match="not HDF5 or damaged"):
        read_chip(path)
    with pytest.raises(FileError, match="no such file"):
        read_chip(tmp_path / "none.net")
