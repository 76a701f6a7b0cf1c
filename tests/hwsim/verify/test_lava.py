"""Lava's row: bit for bit or different, and honest where Lava isn't installed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.quantizing import encode, quantize
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from hwsim.lava.runner import run_lava
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
    assert "weights" not in row.note


def test_lava_weights_the_same_steps(tmp_path: Path) -> None:
    """Lava's own voltages, weighted here in numpy, are the emulator's logits to the last bit."""
    graph = conv_network()
    plain = quantize(graph, images(32))
    assert plain.readout is not None
    weights = (0.5, 2.25, -0.75, 0.125)
    chip = replace(plain, readouts=(replace(plain.readout, weights=weights),))
    write_netx(chip, tmp_path / "chip.net")
    encoded = encode(graph, chip, images(6, seed=5))
    run = run_lava(tmp_path / "chip.net", encoded, reset="staggered", time_steps=4)
    voltages = run.layers[-1].v
    currents = np.diff(voltages, axis=1, prepend=0)
    assert (currents != 0).any(axis=(0, 2)).all()
    # Weights of few bits leave nothing to round before the last product.
    logits = (currents * np.array(weights)[:, None]).sum(axis=1) * plain.readout.volts_to_logit
    trace = simulate(read_netx(tmp_path / "chip.net"), encoded)
    np.testing.assert_array_equal(trace.readout_steps, voltages)
    np.testing.assert_array_equal(chip_logits(trace), logits)
    row = lava_row(tmp_path / "chip.net", encoded, logits.argmax(axis=1))
    assert (row.verdict, row.accuracy, row.logit_max_abs_diff) == ("identical", 1.0, 0.0), row.note
    assert "0 of " in row.note
    assert "spikeport applied the readout weights" in row.note


def test_not_installed_is_said(
    chip_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the environment there is a row, and no number in it."""
    monkeypatch.setenv("SPIKEPORT_LAVA_ENV", str(tmp_path / "nothing"))
    row = lava_row(chip_file, np.zeros((1, 6, 8, 8), dtype=np.int64), np.zeros(1, dtype=np.int64))
    assert row.verdict == "not installed"
    assert row.accuracy is None
    assert "spikeport lava install" in row.note
