"""A run exported to NIR and ONNX alone goes to a report of counted events."""

import json
from pathlib import Path

import numpy as np

from export.executor import run_graph
from export.nir_file import read_nir
from export.samples import read_samples
from hwsim.counting.spike_counts import read_counts
from tests.conftest import Command


def test_events_are_the_executors(digits_run: Path, spikeport: Command) -> None:
    """Spikes per layer equal the executor's own run; no energy, no time, no chip's accuracy."""
    assert spikeport("export", digits_run, "--target", "nir", "--target", "onnx").code == 0
    simulated = spikeport("simulate", digits_run, "--limit", 20)
    assert (simulated.code, simulated.err) == (0, "")
    assert "20 samples in the float executor" in simulated.out
    samples = read_samples(digits_run / "samples.npz")
    run = run_graph(read_nir(digits_run / "model.nir"), samples.inputs[:20])
    counts = read_counts(digits_run / "spikes.npz")
    for index, name in enumerate(counts.layers[:-1]):
        fired = run.spikes[name].reshape(*run.spikes[name].shape[:2], -1).sum(axis=2).T
        np.testing.assert_array_equal(counts.spikes[:, :, index], fired)
    assert spikeport("report", digits_run).code == 0
    report = json.loads((digits_run / "report.json").read_text())
    assert "exported to nir, onnx only" in report["no_chip_equivalent"]
    assert report["accuracy"]["chip"] is None
    assert report["accuracy"]["frozen"] > 0.9
    assert {"energy_j", "latency_s"}.isdisjoint(report)
    assert "up to date" in spikeport("simulate", digits_run, "--limit", 20).out


def test_lava_needs_a_chip_file(digits_run: Path, spikeport: Command) -> None:
    """One line that says which targets there are, and exit code 2."""
    assert spikeport("export", digits_run, "--target", "nir").code == 0
    refused = spikeport("simulate", digits_run, "--backend", "lava")
    assert refused.code == 2
    assert "backend lava runs chip files. The run was exported to nir only" in refused.err
    assert refused.err.count("\n") == 1
