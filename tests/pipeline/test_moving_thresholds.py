"""Thresholds that move, from the command line's point of view: export, simulate, verify, report."""

import json
from pathlib import Path

import numpy as np
import pytest

from export.nir_metadata import read_facts
from export.schedule_file import read_schedule
from tests.conftest import Command

RECIPE = """
[data]
name = "digits"
[network]
name = "conv-small"
channels = [4, 8]
[method]
use = ["{method}"]
[train]
time_steps = 4
epochs = 1
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained run of ds-atgo and one of alif."""
    return tmp_path_factory.mktemp("moving")


def run_of(folder: Path, method: str, spikeport: Command) -> Path:
    """The run of a method, trained once."""
    run = folder / method
    if not run.is_dir():
        (folder / f"{method}.toml").write_text(RECIPE.format(method=method))
        done = spikeport("train", folder / f"{method}.toml", "-o", run, "--device", "cpu")
        assert done.code == 0, done.err
    return run


def files(run: Path) -> set[str]:
    """Names of exported files."""
    kinds = (".nir", ".onnx", ".net", ".h5", ".schedule.npz")
    return {path.name for path in run.iterdir() if path.name.endswith(kinds)}


def test_a_schedule_goes_to_the_report_without_energy(trained: Path, spikeport: Command) -> None:
    """Default targets work; said is what takes model.nir's place, and that nothing is costed."""
    run = run_of(trained, "ds-atgo", spikeport)
    assert spikeport("export", run).code == 0
    written = {"model.nir", "model.golden.nir", "model.onnx", "model.step.onnx", "chip.net"}
    assert files(run) == written
    done = spikeport("export", run, "--threshold-strategy", "schedule")
    assert done.code == 0, done.err
    assert (
        "thresholds of l001_lif, l004_lif move with time, which NIR can't hold: "
        "model.schedule.npz is written and no model.nir"
    ) in done.out
    assert files(run) == {
        "model.schedule.npz", "model.onnx", "model.step.onnx", "network.chip.h5",
    }  # fmt: skip
    facts = read_facts(read_schedule(run / "model.schedule.npz"))
    assert facts.moving_thresholds == ("l001_lif", "l004_lif")
    done = spikeport("simulate", run)
    assert done.code == 0, done.err
    assert "no chip equivalent: Thresholds of 'l001_lif', 'l004_lif' change" in done.out
    assert "on real silicon" not in done.out
    done = spikeport("report", run)
    assert done.code == 0, done.err
    assert "no energy and no latency" in done.out
    report = json.loads((run / "report.json").read_text())
    assert report["no_chip_equivalent"].startswith("Thresholds of 'l001_lif', 'l004_lif' change")
    assert not {"energy_j", "latency_s", "chip", "steps"} & report.keys()
    assert report["accuracy"]["chip"] is not None
    assert report["fidelity"].keys() == {"l001_lif", "l004_lif"}
    assert report["layers"][0]["spike_rate"] > 0
    assert "No chip equivalent" in (run / "report.html").read_text()
    done = spikeport("verify", run, "--json", "--limit", "40")
    assert done.code == 0, done.err
    rows = {row["runtime"]: row for row in json.loads(done.out)}
    assert list(rows) == [
        "pytorch", "nir_executor", "onnxruntime model.onnx", "onnxruntime model.step.onnx",
    ]  # fmt: skip
    assert {row["verdict"] for row in rows.values()} <= {"identical", "rounding"}
    assert rows["pytorch"]["verdict"] == "identical"
    assert "have no row" in rows["nir_executor"]["note"]


def test_logits_of_a_schedule_are_the_trained_network_s(trained: Path, spikeport: Command) -> None:
    """What freezing to a schedule leaves of the accuracy is all of it, but for the decays' grid."""
    run = run_of(trained, "ds-atgo", spikeport)
    assert spikeport("export", run, "--threshold-strategy", "schedule").code == 0
    kept = json.loads((run / "fidelity.json").read_text())
    assert max(kept["spikes_changed"].values()) < 0.02
    assert spikeport("export", run, "--threshold-strategy", "mean").code == 0
    mean = json.loads((run / "fidelity.json").read_text())
    assert max(kept["spikes_changed"].values()) < 0.5 * max(mean["spikes_changed"].values())
    assert "model.nir" in files(run)
    assert "model.schedule.npz" not in files(run)


@pytest.mark.parametrize("target", ["nir", "netx", "chip-onnx"])
def test_targets_asked_for_that_can_t_are_refused(
    trained: Path, spikeport: Command, target: str
) -> None:
    """By name and in one line; nothing new is written."""
    run = run_of(trained, "ds-atgo", spikeport)
    before = files(run)
    done = spikeport(
        "export", run, "--threshold-strategy", "schedule", "--target", "onnx", "--target", target
    )
    assert done.code == 2
    assert f"error: export target '{target}': node 'l001_lif'" in done.err
    assert "method ds-atgo" in done.err
    assert "Export to targets onnx, onnx-int8, schedule, chip only." in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert files(run) == before


def test_lava_can_t_run_a_schedule(trained: Path, spikeport: Command) -> None:
    """Refused before anything is emulated, by the population's name."""
    run = run_of(trained, "ds-atgo", spikeport)
    targets = ("--target", "schedule", "--target", "chip")
    assert spikeport("export", run, "--threshold-strategy", "schedule", *targets).code == 0
    done = spikeport("simulate", run, "--backend", "lava")
    assert done.code == 2
    assert "error: population 'l001_lif': has another threshold at each step, and Lava" in done.err


def test_alif_runs_in_onnx(trained: Path, spikeport: Command) -> None:
    """Every strategy that makes constants is refused; the schedule goes to ONNX and verifies."""
    run = run_of(trained, "alif", spikeport)
    for strategy in ("mean", "calibrated", "finetune"):
        done = spikeport("export", run, "--threshold-strategy", strategy)
        assert done.code == 2
        assert "(method alif): each neuron's threshold follows its own spikes" in done.err
        assert "threshold strategy 'schedule' and targets schedule and onnx" in done.err
        assert len(done.err.strip().splitlines()) == 1
        assert files(run) == set()
    done = spikeport("export", run, "--threshold-strategy", "schedule")
    assert done.code == 2
    assert "error: export target 'chip': node 'l001_lif'" in done.err
    assert "method alif" in done.err
    assert "Export to targets onnx, onnx-int8, schedule only." in done.err
    assert files(run) == set()
    targets = ("--target", "schedule", "--target", "onnx")
    done = spikeport("export", run, "--threshold-strategy", "schedule", *targets)
    assert done.code == 0, done.err
    assert files(run) == {"model.schedule.npz", "model.onnx", "model.step.onnx"}
    facts = read_facts(read_schedule(run / "model.schedule.npz"))
    assert all(t.adaptation is not None for t in facts.thresholds.values())
    assert np.load(run / "samples.npz").files == ["inputs", "labels", "logits"]
    done = spikeport("verify", run, "--json", "--limit", "40")
    assert done.code == 0, done.err
    rows = {row["runtime"]: row for row in json.loads(done.out)}
    assert {row["verdict"] for row in rows.values()} <= {"identical", "rounding"}
    assert rows["pytorch"]["verdict"] == rows["nir_executor"]["verdict"] == "identical"
    assert {"onnxruntime model.onnx", "onnxruntime model.step.onnx"} <= rows.keys()
