"""Files of Norse, snnTorch and SpikingJelly, written by themselves, fire as they do there."""

from pathlib import Path

import numpy as np
import pytest

from export.executor import run_graph
from export.importing import import_graph, with_run
from export.nir_file import read_nir
from tests.export.importing.foreign_networks import KINDS, STEPS


@pytest.mark.parametrize(("writer", "kind"), KINDS)
def test_spikes_equal_the_writers_own(writer: str, kind: str, tmp_path: Path) -> None:
    """Random networks: every spike of every layer is that of the tool's own forward run."""
    for seed in range(3):
        _compare(writer, kind, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("writer", "kind"), KINDS)
def test_twenty_more_of_each(writer: str, kind: str, tmp_path: Path) -> None:
    """The same on 20 other networks of each kind."""
    for seed in range(100, 120):
        _compare(writer, kind, seed, tmp_path)


def _compare(writer: str, kind: str, seed: int, folder: Path) -> None:
    path = folder / f"{seed}.nir"
    written = KINDS[writer, kind](seed, path)
    imported = import_graph(read_nir(path, type_check=False), assume=writer, dt_s=written.dt_s)
    graph = with_run(imported, time_steps=STEPS, form="sequence")
    run = run_graph(graph, written.inputs)
    assert set(run.spikes) == set(written.spikes)
    for layer, spikes in written.spikes.items():
        assert 10 < spikes.sum() < spikes.size, f"seed {seed}, layer {layer}: silent or stuck"
        np.testing.assert_array_equal(run.spikes[layer], spikes, f"seed {seed}, {layer}")
