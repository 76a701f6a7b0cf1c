"""Files of other profiles in the tools they are written for, held to the frozen network."""

import copy
from pathlib import Path

import nir
import numpy as np
import pytest

from export.nir_file import write_nir
from export.profiles import PROFILES
from hwsim.verify import RUNTIMES, Row, verify_graph
from tests.frozen_networks import conv_network, images
from tests.random_frozen import KINDS, inputs, lively

IMPORTED = {name: runtime for name, runtime in RUNTIMES.items() if runtime.profile is not None}


def rows_of(
    graph: nir.NIRGraph, written: nir.NIRGraph, samples: np.ndarray, folder: Path, *profiles: str
) -> dict[str, Row]:
    """Rows of a network whose profiles' files hold a network that may be another one."""
    files = {profile: folder / f"{profile}.nir" for profile in profiles}
    for profile, path in files.items():
        write_nir(PROFILES[profile].encode(written), path)
    labels = np.zeros(len(samples), np.int64)
    rows = verify_graph(graph, samples, labels, profiles=files, runtimes=IMPORTED)
    return {row.runtime: row for row in rows}


@pytest.mark.parametrize("kind", ["dense", "recurrent", "threshold-2"])
def test_identical_in_every_tool(kind: str, tmp_path: Path) -> None:
    """Norse, snnTorch and SpikingJelly on model.cuba.nir, Sinabs on model.sinabs.nir."""
    graph = lively(KINDS[kind], 1)
    rows = rows_of(graph, graph, inputs(graph), tmp_path, "cuba", "sinabs")
    assert list(rows) == list(IMPORTED)
    for row in rows.values():
        assert (row.verdict, row.spike_mismatches) == ("identical", 0), row.note


def test_without_the_file_there_is_no_row(tmp_path: Path) -> None:
    """A run that wasn't exported to a profile has no rows for it."""
    graph = lively(KINDS["dense"], 1)
    rows = rows_of(graph, graph, inputs(graph), tmp_path, "sinabs")
    assert list(rows) == ["sinabs model.sinabs.nir"]


@pytest.mark.parametrize("name", IMPORTED)
def test_another_threshold_is_found(name: str, tmp_path: Path) -> None:
    """The neuron's own membrane comes in the reference's units, whatever the file's."""
    graph = lively(KINDS["dense"], 1)
    other = copy.deepcopy(graph)
    for node in other.nodes.values():
        if isinstance(node, nir.LIF):
            node.v_threshold *= 1.1
    row = rows_of(graph, other, inputs(graph), tmp_path, "cuba", "sinabs")[name]
    assert row.verdict == "different"
    case = row.case
    assert case is not None
    assert case.fired
    assert not case.own_after_reset
    assert case.own_membrane == pytest.approx(case.membrane, rel=1e-5, abs=1e-6)
    assert case.threshold < case.membrane < 1.1 * case.threshold


def test_another_networks_file(tmp_path: Path) -> None:
    """Told by the number of its populations."""
    rows = rows_of(conv_network(), lively(KINDS["dense"], 1), images(3), tmp_path, "cuba", "sinabs")
    assert {row.verdict for row in rows.values()} == {"different"}
