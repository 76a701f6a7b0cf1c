"""What `spikeport inspect` says about a NIR file."""

from pathlib import Path

import pytest

from export.nir_file import write_nir
from export.nir_metadata import ReadoutFacts, attach_facts, read_facts
from hwsim.inspect.nir import inspect_nir
from tests.frozen_networks import conv_network


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (None, "readout: mean over time"),
        (
            (0.5, 1.0, 1.5, 2.0),
            "readout: mean over time, steps weighted (0.5, 1, 1.5, 2) (spikeport's metadata)",
        ),
    ],
)
def test_the_readout_is_told(weights: tuple[float, ...] | None, said: str, tmp_path: Path) -> None:
    """Weights stand in the metadata, and the line says so."""
    graph = conv_network()
    readout = ReadoutFacts(weights=weights)
    attach_facts(graph, read_facts(graph).model_copy(update={"readout": readout}))
    write_nir(graph, tmp_path / "model.nir")
    assert inspect_nir(tmp_path / "model.nir").facts[0].endswith(said)
