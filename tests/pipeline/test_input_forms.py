"""Input forms through the command line: what is exported, costed and refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from export.samples import read_samples
from tests.conftest import Command

TINY = """
[data]
name = "digits"
[network]
name = "mlp"
hidden = [32]
[method]
use = ["baseline"]
[train]
time_steps = 4
epochs = 8
[export]
targets = ["nir", "netx"]
"""


def recipe(folder: Path, form: str, encoding: str = "", chip: str = "loihi2") -> Path:
    """A small recipe with this input form."""
    path = folder / "tiny.toml"
    text = TINY + f'input_form = "{form}"\n[simulate]\nchip = "{chip}"\n'
    path.write_text(text + (f'[encoding]\nname = "{encoding}"\n' if encoding else ""))
    return path


@pytest.mark.parametrize(
    ("form", "encoding"),
    [pytest.param("spikes", "latency", marks=pytest.mark.slow), ("graded", "")],
)
def test_a_form_reaches_the_report(
    spikeport: Command, tmp_path: Path, form: str, encoding: str
) -> None:
    """The chip computes all layers as well as the host did, and no host work is claimed."""
    run = tmp_path / "run"
    outcome = spikeport("run", recipe(tmp_path, form, encoding), "-o", run, "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads((run / "report.json").read_text())
    assert report["energy_j"]["host"] == report["host_macs"] == 0
    assert report["energy_j"]["synops"] > 0
    assert report["accuracy"]["chip"] >= report["accuracy"]["frozen"] - 0.02 > 0.5
    samples = read_samples(run / "samples.npz")
    assert samples.chip_inputs is not None
    assert samples.chip_inputs.dtype == np.uint8
    assert samples.chip_inputs.shape == samples.inputs.shape
    if form == "graded":
        assert "graded input: " in outcome.out
        assert "for any payloads, limit 131,071" in outcome.out
        facts = next(iter(report["quantisation"].values()))
        assert facts["largest |sum|, calibration"] <= facts["largest |sum|, any payloads"]
        assert facts["can u wrap"] == "no"
    else:
        np.testing.assert_array_equal(samples.chip_inputs, samples.inputs)


def test_another_form_is_exported_without_training_again(
    spikeport: Command, tmp_path: Path
) -> None:
    """One training, all forms: --input-form; the run's chip may lack the form, another has it."""
    run = tmp_path / "run"
    first = spikeport("run", recipe(tmp_path, "bias", chip="loihi1"), "-o", run, "--device", "cpu")
    assert first.code == 0
    outcome = spikeport("export", run, "--input-form", "graded")
    assert (outcome.code, outcome.err) == (0, "")
    refused = spikeport("simulate", run)
    assert refused.code == 2
    assert "chip 'loihi1': has no input form 'graded', only bias, spikes." in refused.err
    assert refused.err.count("\n") == 1
    for arguments in (("simulate", run, "--chip", "loihi2"), ("report", run)):
        assert spikeport(*arguments).code == 0
    assert json.loads((run / "report.json").read_text())["host_macs"] == 0
    assert spikeport("export", run, "--input-form", "bias").code == 0
    assert spikeport("simulate", run, "--chip", "loihi1").code == 0


def test_spikes_of_a_run_on_real_numbers_are_refused(spikeport: Command, tmp_path: Path) -> None:
    """With the value found and what to do; nothing is trained for a recipe that says so."""
    run = tmp_path / "run"
    outcome = spikeport("run", recipe(tmp_path, "spikes"), "-o", run, "--device", "cpu")
    assert outcome.code == 2
    assert "input form 'spikes': sample 0 holds 0." in outcome.err
    assert "encoding.name = rate or latency" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (run / "checkpoints").exists()


@pytest.mark.parametrize("command", ["run", "train"])
def test_a_chip_without_the_form_is_refused_before_training(
    spikeport: Command, tmp_path: Path, command: str
) -> None:
    """By name, exit code 2, in one line."""
    run = tmp_path / "run"
    path = recipe(tmp_path, "graded", chip="loihi1")
    outcome = spikeport(command, path, "-o", run, "--device", "cpu")
    assert outcome.code == 2
    assert "chip 'loihi1': has no input form 'graded'" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (run / "checkpoints").exists()


def test_unknown_forms_are_refused(spikeport: Command, tmp_path: Path) -> None:
    """In the recipe and on the command line."""
    outcome = spikeport("run", recipe(tmp_path, "morse"), "-o", tmp_path / "run")
    assert outcome.code == 2
    assert "export.input_form" in outcome.err
    outcome = spikeport("export", tmp_path, "--input-form", "morse")
    assert outcome.code == 2
    assert "--input-form morse: unknown. Choose bias, spikes or graded." in outcome.err


@pytest.mark.slow
def test_fashion_mnist_as_payloads_is_as_accurate_as_with_biases(
    spikeport: Command, tmp_path: Path
) -> None:
    """All 10,000 test images: no wrap, within half a point; both bounds of the sums are printed."""
    settings = ("data.train_samples=10000", "train.epochs=3", "simulate.chip=loihi2")
    chosen = [word for setting in settings for word in ("--set", setting)]
    run = tmp_path / "run"
    outcome = spikeport(
        "run", "fashion-mnist-baseline", "-o", run, "--device", "cpu",
        *chosen, "--set", "export.input_form=graded", "--set", "export.payload_bits=8",
    )  # fmt: skip
    assert (outcome.code, outcome.err) == (0, "")
    said = re.search(
        r"\|a\| at most ([\d,]+) on calibration data and ([\d,]+) for any", outcome.out
    )
    assert said is not None
    calibration, worst = (int(bound.replace(",", "")) for bound in said.groups())
    assert 0 < calibration <= worst
    graded = json.loads((run / "report.json").read_text())
    assert graded["accuracy"]["samples"] == 10_000
    assert calibration <= 131_071
    assert sum(layer["wraps"] for layer in graded["layers"]) == 0
    for stage in (("export", run, "--input-form", "bias"), ("simulate", run), ("report", run)):
        assert spikeport(*stage).code == 0
    bias = json.loads((run / "report.json").read_text())
    assert bias["host_macs"] > 0
    assert graded["accuracy"]["chip"] == pytest.approx(bias["accuracy"]["chip"], abs=0.005)
    assert bias["accuracy"]["chip"] > 0.8
