"""The whole pipeline on real data: what `make demo` promises."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Command

FILES = (
    "config.toml",
    "checkpoints/last.ckpt",
    "metrics.csv",
    "diagnostics.npz",
    "model.nir",
    "model.golden.nir",
    "model.onnx",
    "model.step.onnx",
    "chip.net",
    "samples.npz",
    "fidelity.json",
    "trace.npz",
    "report.json",
    "report.html",
    "report.md",
    "training.html",
    "manifest.json",
)


def test_every_file_of_the_run_folder_exists_and_nothing_else(trained_digits: Path) -> None:
    """The run folder holds exactly the documented files, with no leftovers of half-written ones."""
    found = {
        path.relative_to(trained_digits).as_posix()
        for path in trained_digits.rglob("*")
        if path.is_file()
    }
    assert found == set(FILES)


def test_accuracy_survives_freezing_and_quantising(trained_digits: Path) -> None:
    """At least 98 % on the test split after the last epoch, within 1 % of it on the chip."""
    accuracy = json.loads((trained_digits / "report.json").read_text())["accuracy"]
    assert accuracy["trained"] >= 0.98
    assert abs(accuracy["chip"] - accuracy["trained"]) <= 0.01
    assert accuracy["samples"] == 360


def test_report_keeps_its_contract(trained_digits: Path) -> None:
    """report.json holds the documented keys, and its parts add up."""
    report = json.loads((trained_digits / "report.json").read_text())
    assert report["format"] == 2
    assert {"neurons", "synapses", "time_steps"} <= report["network"].keys()
    layer_keys = {"name", "neurons", "spikes_per_inference", "spike_rate",
                  "synops_per_inference", "cores"}  # fmt: skip
    assert all(layer_keys <= layer.keys() for layer in report["layers"])
    energy = report["energy_j"]
    terms = ("synops", "neurons", "messages", "static", "chip", "host", "io")
    parts = sum(energy[term] for term in terms)
    assert energy["total"] == pytest.approx(parts, rel=1e-12)
    latency = report["latency_s"]
    assert latency["total"] == pytest.approx(latency["per_step"] * latency["steps"], rel=1e-12)
    for layer in report["layers"]:
        steps = report["network"]["time_steps"]
        rate = layer["spikes_per_inference"] / layer["neurons"] / steps
        assert layer["spike_rate"] == pytest.approx(rate, rel=1e-12)
    assert report["assumptions"]
    assert report["sources"]


def test_samples_document_what_each_runtime_takes(trained_digits: Path) -> None:
    """samples.npz holds inputs, labels, logits and chip inputs with the documented dtypes."""
    with np.load(trained_digits / "samples.npz", allow_pickle=False) as samples:
        assert samples["inputs"].shape == (360, 1, 8, 8)
        assert samples["inputs"].dtype == np.float32
        assert samples["labels"].dtype == np.int64
        assert samples["logits"].shape == (360, 10)
        assert samples["chip_inputs"].dtype == np.int64
        assert np.abs(samples["chip_inputs"]).max() <= 4095
        accuracy = float((samples["logits"].argmax(axis=1) == samples["labels"]).mean())
    fidelity = json.loads((trained_digits / "fidelity.json").read_text())
    assert fidelity["frozen"] == accuracy


def test_second_run_skips_every_stage(digits_run: Path, spikeport: Command) -> None:
    """With nothing changed, each stage says that it is up to date, and no file changes."""
    before = {path: path.stat().st_mtime_ns for path in digits_run.rglob("*.n*")}
    outcome = spikeport("run", "digits", "-o", digits_run, "--device", "cpu")
    assert outcome.code == 0
    for stage in ("train", "export", "simulate", "report"):
        assert f"{stage:<9} up to date, skipped" in outcome.out
    assert {path: path.stat().st_mtime_ns for path in digits_run.rglob("*.n*")} == before


def test_a_changed_setting_reruns_only_what_depends_on_it(
    digits_run: Path, spikeport: Command
) -> None:
    """Another chip changes simulation and report, not training and export."""
    outcome = spikeport("run", "digits", "-o", digits_run, "--set", "simulate.chip=loihi2")
    assert outcome.code == 0
    assert "train     up to date" in outcome.out
    assert "export    up to date" in outcome.out
    assert "simulate  up to date" not in outcome.out
    report = json.loads((digits_run / "report.json").read_text())
    assert report["chip"]["name"] == "loihi2"


def test_a_damaged_file_is_made_again(digits_run: Path, spikeport: Command) -> None:
    """A file that no longer has its recorded hash makes its stage run again."""
    (digits_run / "model.onnx").write_bytes(b"damaged")
    outcome = spikeport("run", "digits", "-o", digits_run, "--device", "cpu")
    assert outcome.code == 0
    assert "train     up to date" in outcome.out
    assert "export    accuracy trained" in outcome.out
    assert (digits_run / "model.onnx").stat().st_size > 1000


def test_every_runtime_agrees_on_the_whole_test_split(digits_run: Path, spikeport: Command) -> None:
    """No runtime parts from the reference, and Lava equals the emulator bit for bit."""
    outcome = spikeport("verify", digits_run, "--json")
    rows = {row["runtime"]: row for row in json.loads(outcome.out)}
    assert outcome.code == 0
    for runtime in ("pytorch", "nir_executor", "spikingjelly"):
        assert rows[runtime]["verdict"] == "identical"
    for runtime in ("norse", "snntorch", "onnxruntime model.onnx", "onnxruntime model.step.onnx"):
        assert rows[runtime]["verdict"] in ("identical", "rounding")
    for runtime, row in rows.items():
        assert row["samples"] == (100 if runtime == "lava" else 360)
    assert rows["lava"]["verdict"] == "identical"
    assert rows["lava"]["spike_mismatches"] == 0


def test_export_and_simulate_run_alone(digits_run: Path, spikeport: Command) -> None:
    """Each later stage can be run by its own command; Lava can be the backend."""
    assert spikeport("export", digits_run, "--target", "nir", "--target", "netx").code == 0
    outcome = spikeport("simulate", digits_run, "--backend", "lava", "--limit", "10")
    assert outcome.code == 0
    assert "10 samples on lava" in outcome.out
    outcome = spikeport("report", digits_run)
    assert outcome.code == 0
    assert "Energy per inference" in outcome.out
    assert json.loads((digits_run / "report.json").read_text())["accuracy"]["samples"] == 10


def test_simulate_a_chip_file_outside_a_run(digits_run: Path, spikeport: Command) -> None:
    """A chip.net with encoded inputs runs without its run folder."""
    net, samples = digits_run / "chip.net", digits_run / "samples.npz"
    outcome = spikeport("simulate", net, "--inputs", samples, "--limit", "20")
    assert outcome.code == 0
    labels = np.load(samples)["labels"]
    predicted = json.loads(outcome.out.split("predicted classes: ")[1].splitlines()[0])
    assert np.mean(np.array(predicted) == labels[:20]) >= 0.9
    assert (digits_run / "chip.trace.npz").is_file()


def test_a_trace_that_was_changed_is_refused(digits_run: Path, spikeport: Command) -> None:
    """Its hash is the manifest's, or the report would speak of another simulation."""
    with np.load(digits_run / "trace.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    arrays["readout"] = arrays["readout"][:, ::-1]
    np.savez(digits_run / "trace.npz", **arrays)
    outcome = spikeport("report", digits_run, "--chip", "loihi2")
    assert outcome.code == 2
    assert "trace.npz: changed since stage simulate wrote it" in outcome.err
    assert 'chip = "loihi1-fitted"' in (digits_run / "config.toml").read_text()


def test_a_throttle_beyond_an_hour_is_refused(digits_run: Path, spikeport: Command) -> None:
    """Infinity and not-a-number as well; zero takes a throttle off again."""
    for value in ("inf", "nan", "1e300", "-1"):
        outcome = spikeport("report", digits_run, "--throttle", value)
        assert outcome.code == 2
        assert len(outcome.err.strip().splitlines()) == 1
    assert spikeport("report", digits_run, "--throttle", "0.001").code == 0
    assert "throttle_s = 0.001" in (digits_run / "config.toml").read_text()
    assert spikeport("report", digits_run, "--throttle", "0").code == 0
    assert "throttle_s" not in (digits_run / "config.toml").read_text()
