"""What `spikeport inspect` says about a chip file."""

from dataclasses import replace
from pathlib import Path

import pytest

from export.chip.netx_write import write_netx
from hwsim.inspect.netx import inspect_netx
from tests.small_chip_graphs import chain


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
