"""Lava's row: bit for bit or different, and honest where Lava isn't installed."""

from pathlib import Path

import numpy as np
import pytest

from export.chip.netx_write import write_netx
from export.quantizing import encode, quantize
from hwsim.verify.lava import lava_row
from tests.frozen_networks import conv_network, images


@pytest.fixture
def chip_file(tmp_path: Path) -> Path:
    """A quantised random network."""
    path = tmp_path / "chip.net"
    write_netx(quantize(conv_network(), images(32)), path)
    return path


def test_lava_runs_the_same_file(chip_file: Path) -> None:
    """Every u, v and spike of the emulator is Lava's."""
    graph = conv_network()
    encoded = encode(graph, quantize(graph, images(32)), images(6, seed=5))
    row = lava_row(chip_file, encoded, np.zeros(6, dtype=np.int64))
    assert (row.verdict, row.samples, row.spike_mismatches) == ("identical", 6, 0), row.note
    assert row.logit_max_abs_diff == 0.0


def test_not_installed_is_said(
    chip_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the environment there is a row, and no number in it."""
    monkeypatch.setenv("SPIKEPORT_LAVA_ENV", str(tmp_path / "nothing"))
    row = lava_row(chip_file, np.zeros((1, 6, 8, 8), dtype=np.int64), np.zeros(1, dtype=np.int64))
    assert row.verdict == "not installed"
    assert row.accuracy is None
    assert "spikeport lava install" in row.note
