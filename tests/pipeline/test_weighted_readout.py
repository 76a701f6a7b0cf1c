"""A method that weights time steps, from training to the report: the weights count everywhere."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from export.chip.netx_read import read_netx
from hwsim.engine.readout import chip_logits
from hwsim.engine.trace_file import load_trace
from tests.conftest import Command
from trainers.methods import METHODS, Method, MethodOptions
from trainers.methods.method import Part
from trainers.network import SpikingNetwork
from trainers.readout import WeightedReadout

WEIGHTS = (0.25, 2.5, 1.5, -0.5)

RECIPE = """
[data]
name = "digits"
[network]
name = "conv-small"
channels = [4, 8]
[method]
use = ["baseline", "weighted"]
[train]
time_steps = 4
epochs = 2
"""


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Fixed weights per step."""
    del options
    network.readout = WeightedReadout(torch.tensor(WEIGHTS))


def parts(options: MethodOptions) -> frozenset[Part]:
    """The readout."""
    del options
    return frozenset({"readout"})


@pytest.fixture
def run_folder(tmp_path: Path, spikeport: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run with such a method."""
    method = Method("weighs steps", "none", MethodOptions, prepare, parts)
    monkeypatch.setitem(METHODS, "weighted", method)
    (tmp_path / "weighted.toml").write_text(RECIPE)
    outcome = spikeport(
        "run", tmp_path / "weighted.toml", "-o", tmp_path / "run", "--device", "cpu"
    )
    assert outcome.code == 0, outcome.err
    return tmp_path / "run"


def test_weights_reach_every_file_and_runtime(run_folder: Path, spikeport: Command) -> None:
    """Chip file, trace, accuracies, report, inspect and verify all know them."""
    chip = read_netx(run_folder / "chip.net")
    assert chip.readout is not None
    assert chip.readout.weights == WEIGHTS
    trace = load_trace(run_folder / "trace.npz", chip)
    samples = np.load(run_folder / "samples.npz")
    found, expected = chip_logits(trace), samples["logits"]
    assert np.median(np.abs(found - expected)) < 0.05 * expected.std()
    right = float((found.argmax(axis=1) == samples["labels"]).mean())
    report = json.loads((run_folder / "report.json").read_text())
    assert report["accuracy"]["chip"] == right
    assert abs(right - report["accuracy"]["trained"]) <= 0.03
    assert any("weighted per step" in said for said in report["assumptions"])
    assert "weighted per step" in (run_folder / "report.html").read_text()
    for name in ("chip.net", "model.nir"):
        shown = " ".join(spikeport("inspect", run_folder / name).out.split())
        assert "steps weighted (0.25, 2.5, 1.5, -0.5)" in shown
    outcome = spikeport("verify", run_folder, "--json", "--limit", "40", "--lava-samples", "5")
    rows = {row["runtime"]: row for row in json.loads(outcome.out)}
    assert outcome.code == 0
    assert {row["verdict"] for row in rows.values()} <= {"identical", "rounding"}
    assert rows["pytorch"]["verdict"] == rows["lava"]["verdict"] == "identical"
    assert rows["lava"]["logit_max_abs_diff"] == 0.0
    for name in ("norse", "snntorch", "spikingjelly", "onnxruntime model.step.onnx", "lava"):
        assert "spikeport applied" in rows[name]["note"]
    shown = " ".join(spikeport("verify", run_folder, "--limit", "5").out.split())
    assert "norse: NIR has no field for readout weights" in shown
