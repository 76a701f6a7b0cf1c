"""A run's model.chip.onnx: exported, verified on the whole test split, run by hand, inspected."""

import json
from pathlib import Path

import numpy as np
import pytest

import export.onnx.chip
from export.chip.netx_read import read_netx
from export.samples import read_samples
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.conftest import Command

SAMPLES = 360


def test_digits_test_split(digits_run: Path, spikeport: Command) -> None:
    """Exported, verified on every test sample: 0 of all spikes and readout voltages differ."""
    targets = ("nir", "netx", "chip-onnx")
    assert spikeport("export", digits_run, *(f"--target={name}" for name in targets)).code == 0
    outcome = spikeport("verify", digits_run, "--json", "--lava-samples", "1")
    rows = {row["runtime"]: row for row in json.loads(outcome.out)}
    row = rows["onnxruntime model.chip.onnx"]
    assert (row["verdict"], row["samples"], row["spike_mismatches"]) == ("identical", SAMPLES, 0)
    assert row["logit_max_abs_diff"] == 0.0
    assert row["note"].startswith("0 of ")
    assert row["accuracy"] >= 0.95


def test_the_documented_runner(
    digits_run: Path, spikeport: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines in the package's documentation give the emulator's logits to the last bit."""
    assert spikeport("export", digits_run, "--target=netx", "--target=chip-onnx").code == 0
    assert export.onnx.chip.__doc__ is not None
    lines = [line[4:] for line in export.onnx.chip.__doc__.splitlines() if line.startswith("    ")]
    monkeypatch.chdir(digits_run)
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    encoded = read_samples(digits_run / "samples.npz").chip_inputs
    assert encoded is not None
    expected = chip_logits(simulate(read_netx(digits_run / "chip.net"), encoded))
    assert np.array_equal(np.asarray(names["logits"]), expected)


def test_inspect(spikeport: Command, digits_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs, outputs, operators of the step and facts are shown."""
    assert spikeport("export", digits_run, "--target=netx", "--target=chip-onnx").code == 0
    monkeypatch.setenv("COLUMNS", "240")
    outcome = spikeport("inspect", digits_run / "model.chip.onnx")
    assert outcome.code == 0
    for word in ("spikeport-chip 1", "reset: staggered", "ConvInteger", "l007_fc.v", "int16"):
        assert word in outcome.out
