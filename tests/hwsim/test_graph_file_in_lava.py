"""A graph file shown to Lava's own netx."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.chip_file import write_chip
from export.chip.graph import ChipGraph
from export.chip.graph_file import write_graph_file
from hwsim.errors import LavaError
from hwsim.lava.runner import run_lava
from tests.small_chip_graphs import chain, diamond


def named_like_layers(graph: ChipGraph) -> ChipGraph:
    """Even populations called as netx numbers its layers mislead no one."""
    names = {p.name: str(k) for k, p in enumerate(graph.populations)}
    return replace(
        graph,
        input=replace(graph.input, name=names[graph.input.name]),
        populations=tuple(replace(p, name=names[p.name]) for p in graph.populations),
        projections=tuple(
            replace(p, source=names[p.source], target=names[p.target]) for p in graph.projections
        ),
    )


def test_netx_refuses_a_graph_file(tmp_path: Path) -> None:
    """It finds no layers, so that it never runs a graph as the chain of its populations."""
    inputs = np.ones((2, 6), dtype=np.int64)
    path = write_chip(named_like_layers(diamond(1)), tmp_path).rename(tmp_path / "graph.net")
    with pytest.raises(LavaError, match=r"KeyError: .*open object") as raised:
        run_lava(path, inputs, reset="none")
    assert "\n" not in str(raised.value)


def test_netx_refuses_a_graph_file_that_holds_a_chain(tmp_path: Path) -> None:
    """Also where the populations would make a sound chain."""
    write_graph_file(chain(1, "bias").graph(4), tmp_path / "network.chip.h5")
    with pytest.raises(LavaError, match=r"KeyError: .*open object"):
        run_lava(tmp_path / "network.chip.h5", np.ones((2, 2, 4, 3), np.int64), reset="none")
