"""model.golden.nir: read back by nir's own reader, and held against Norse's import of model.nir."""

import os
from pathlib import Path

import nir
import numpy as np
import pytest

from export.executor import run_graph
from export.golden_spikes import GOLDEN_FILE, GOLDEN_SAMPLES, write_golden
from export.nir_file import read_nir, write_nir
from export.profiles import PROFILES
from tests.frozen_networks import conv_network, images
from tests.full_disk import full_disk
from tests.importer_runs import TOOLS
from tests.random_frozen import DT, KINDS, inputs, lively
from trainers.errors import FileError


def test_static_inputs_are_laid_out_over_time(tmp_path: Path) -> None:
    """Input, every spiking node and the output of the first samples, with dt, as they were run."""
    graph, given = conv_network(), images(GOLDEN_SAMPLES + 3)
    write_golden(graph, given, tmp_path / GOLDEN_FILE)
    found = nir.read_data(tmp_path / GOLDEN_FILE)
    run = run_graph(graph, given[:GOLDEN_SAMPLES])
    assert set(found.nodes) == {"input", *run.spikes, "output"}
    shown = found.nodes["input"].observables["input"]
    assert (shown.dt, shown.data.dtype) == (DT, np.float32)
    expected = np.repeat(given[:GOLDEN_SAMPLES, None], 4, axis=1)
    np.testing.assert_array_equal(shown.data, expected.reshape(GOLDEN_SAMPLES, 4, -1))
    for name, fired in run.spikes.items():
        spikes = found.nodes[name].observables["spikes"]
        assert spikes.data.dtype == bool
        assert spikes.data.any()
        wanted = np.moveaxis(fired, 0, 1).reshape(GOLDEN_SAMPLES, 4, -1)
        np.testing.assert_array_equal(spikes.data, wanted)
    output = found.nodes["output"].observables["output"]
    np.testing.assert_array_equal(output.data, np.moveaxis(run.outputs, 0, 1))


@pytest.mark.parametrize("kind", ["dense", "conv", "recurrent"])
def test_a_consumer_checks_its_import_with_the_two_files_alone(kind: str, tmp_path: Path) -> None:
    """Norse, model.nir and the golden file: what docs/interop.md tells a reader to do."""
    graph = PROFILES["portable"].encode(lively(KINDS[kind], 1))
    write_nir(graph, tmp_path / "model.nir")
    write_golden(graph, inputs(graph), tmp_path / GOLDEN_FILE)
    network, golden = read_nir(tmp_path / "model.nir"), nir.read_data(tmp_path / GOLDEN_FILE)
    for name in golden.nodes:
        assert name in network.nodes
    shown = golden.nodes["input"].observables["input"]
    shape = tuple(network.nodes["input"].input_type["input"])
    frames = np.moveaxis(shown.data.reshape(*shown.data.shape[:2], *shape), 1, 0).astype(float)
    run = TOOLS["norse"](network, frames, shown.dt)
    assert len(run.spikes) == len(golden.nodes) - 2
    for name, fired in run.spikes.items():
        wanted = golden.nodes[name.partition(".")[0]].observables["spikes"].data
        flat = np.moveaxis(fired, 0, 1).reshape(wanted.shape)
        np.testing.assert_array_equal(flat != 0, wanted, err_msg=name)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    """A full disk leaves the folder as it was."""
    with full_disk(1000), pytest.raises(FileError, match="can't be written"):
        write_golden(conv_network(), images(8), tmp_path / GOLDEN_FILE)
    assert os.listdir(tmp_path) == []
