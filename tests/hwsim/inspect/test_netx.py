"""What `spikeport inspect` says about a chip file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.chip_file import write_chip
from export.chip.graph import DenseProjection, Readout
from export.chip.netx_write import write_netx
from hwsim.inspect.netx import inspect_netx
from tests.conftest import Command
from tests.foreign_netx import CONV, INPUT, changed, netx
from tests.small_chip_graphs import chain, diamond


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (None, "readout: voltage of 'p3'"),
        (
            (0.5, -1.25, 2.0),
            "readout: voltage of 'p3' after each step, steps weighted (0.5, -1.25, 2)",
        ),
        (
            tuple(t / 8 for t in range(40)),
            "readout: voltage of 'p3' after each step, steps weighted (40 weights, 0 to 4.875)",
        ),
    ],
)
def test_the_readout_is_told(weights: tuple[float, ...] | None, said: str, tmp_path: Path) -> None:
    """Read once, or after each step with its weights; many are summed up."""
    graph = chain(1, "bias").readout(3).graph(len(weights or (0, 0)))
    assert graph.readout is not None
    write_netx(
        replace(graph, readouts=(replace(graph.readout, weights=weights),)), tmp_path / "a.net"
    )
    (fact,) = inspect_netx(tmp_path / "a.net").facts
    assert fact.endswith(said)


def test_what_lava_does_in_silence_is_told(tmp_path: Path) -> None:
    """One line each, by layer, dataset and value."""
    conv = changed(CONV, delay=3, bias=[0, 40000, 0, 0], neuron__refDelay=2)
    inspected = inspect_netx(netx(tmp_path / "a.net", INPUT, conv))
    assert inspected.facts[1:] == (
        "note: layer 1, delay = 3: Lava ignores delays of convolutions.",
        "note: layer 1, bias = 40000: Lava computes with -25536.",
        "note: layer 1, neuron, refDelay = 2: Lava ignores it and computes with 1.",
    )
    assert len(inspected.rows) == 1


def test_a_graph_is_told_with_its_edges(tmp_path: Path, spikeport: Command) -> None:
    """Populations, then projections with delays and feedback; by the command too."""
    graph = diamond(1)
    back = DenseProjection("end", "left", np.ones((5, 7), np.int64), np.full((5, 7), 3))
    graph = replace(
        graph,
        projections=(*graph.projections, back),
        readouts=(Readout("end", 1.0), Readout("right", 1.0)),
    )
    path = write_chip(graph, tmp_path)
    inspected = inspect_netx(path)
    assert inspected.title.endswith("chip graph, 4 populations, 5 projections, 22 neurons, "
                                    "152 synapses")  # fmt: skip
    assert inspected.facts[0].endswith("readout: voltage of 'end', voltage of 'right'")
    assert [row[0] for row in inspected.rows[:5]] == [
        "a", "left", "right", "end", "projection 'a' -> 'left'",
    ]  # fmt: skip
    assert inspected.rows[-1] == (
        "projection 'end' -> 'left'", "5x7", "", "35", "dense 5x7: 1; delay 3; feedback",
    )  # fmt: skip
    shown = spikeport("inspect", path)
    assert (shown.code, "chip graph, 4 populations" in shown.out) == (0, True)
