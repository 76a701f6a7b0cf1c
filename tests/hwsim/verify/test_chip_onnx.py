"""The row of model.chip.onnx: identical, different, and honest about files of other networks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import ChipGraph, IntArray, Readout
from export.chip.limits import THRESHOLD_MANT_MAX
from export.onnx import build_scan
from export.onnx.chip import write_chip_onnx
from hwsim.engine.simulate import simulate
from hwsim.verify import chip_onnx
from hwsim.verify.chip_onnx import chip_onnx_row
from tests.frozen_networks import conv_network
from tests.random_chip_graphs import Chain
from trainers.errors import FileError


def network(seed: int = 1, hidden: int = 14) -> ChipGraph:
    """Bias-driven, with a readout whose steps are weighted."""
    chain = Chain(seed, "bias", (12,)).biased_input(threshold=900)
    graph = chain.dense(hidden, threshold=130).readout(3).graph(4)
    last = graph.populations[-1].name
    return replace(graph, readouts=(Readout(last, 0.01, (0.5, 1.0, 2.0, 0.25)),))


def biases(samples: int) -> IntArray:
    """Mantissas that make the input population fire."""
    return np.random.default_rng(2).integers(-200, 1500, (samples, 12))


def test_identical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every spike and readout voltage, batch after batch, and the logits to the last bit."""
    path, graph = tmp_path / "model.chip.onnx", network()
    write_chip_onnx(graph, path)
    monkeypatch.setattr(chip_onnx, "BATCH_BYTES", 9 * 29 * 4 * 3)
    row = chip_onnx_row(path, graph, biases(8), np.zeros(8, dtype=np.int64))
    assert (row.verdict, row.samples, row.spike_mismatches) == ("identical", 8, 0)
    assert row.logit_max_abs_diff == 0.0
    assert row.accuracy is not None
    assert row.note == f"0 of {8 * 4 * (12 + 14 + 3 + 3):,} spikes and readout voltages differ"


def test_one_weight_off_is_different(tmp_path: Path) -> None:
    """A single integer more in the file shows."""
    graph = network()
    last = graph.projections[-1]
    weight = last.weight.copy()
    weight[0] += 1
    other = replace(graph, projections=(*graph.projections[:-1], replace(last, weight=weight)))
    write_chip_onnx(other, tmp_path / "model.chip.onnx")
    labels = np.zeros(8, dtype=np.int64)
    row = chip_onnx_row(tmp_path / "model.chip.onnx", graph, biases(8), labels)
    assert (row.verdict, row.spike_mismatches) == ("different", 0)
    assert row.logit_max_abs_diff is not None
    assert row.logit_max_abs_diff > 0
    assert not row.note.startswith("0 of ")


def test_the_first_spike_that_differs_is_named(tmp_path: Path) -> None:
    """A threshold above every membrane silences one population in the file: its first spike."""
    graph, inputs = network(), biases(8)
    silenced = graph.populations[0]
    deaf = replace(silenced, threshold=np.array(THRESHOLD_MANT_MAX))
    other = replace(graph, populations=(deaf, *graph.populations[1:]))
    write_chip_onnx(other, tmp_path / "model.chip.onnx")
    row = chip_onnx_row(tmp_path / "model.chip.onnx", graph, inputs, np.zeros(8, dtype=np.int64))
    spikes = simulate(graph, inputs, record=True).recordings[silenced.name]["s"]
    sample, step, *neuron = next(zip(*np.nonzero(spikes), strict=True))
    place = tuple(int(i) for i in neuron)
    assert row.verdict == "different"
    assert (
        f"first in population '{silenced.name}', spike of neuron {place}, sample {sample}, step "
        f"{step}: emulator 1, here 0; {step + 1} steps show it"
    ) in row.note


@pytest.mark.parametrize(
    ("other", "note"),
    [
        (network(hidden=13), "came back with shape"),
        (Chain(1, "spikes", (12,)).dense(3, threshold=50).graph(4), "takes input form 'spikes'"),
    ],
)
def test_another_networks_file(tmp_path: Path, other: ChipGraph, note: str) -> None:
    """Said in the row, not raised."""
    write_chip_onnx(other, tmp_path / "model.chip.onnx")
    labels = np.zeros(2, dtype=np.int64)
    row = chip_onnx_row(tmp_path / "model.chip.onnx", network(), biases(2), labels)
    assert row.verdict == "different"
    assert note in row.note


def test_files_of_other_kinds(tmp_path: Path) -> None:
    """A float model and one in chip time aren't taken for it; a damaged one is an error."""
    path, labels = tmp_path / "model.chip.onnx", np.zeros(2, dtype=np.int64)
    path.write_bytes(build_scan(conv_network()).SerializeToString())
    assert "isn't a spikeport-chip 1 file" in chip_onnx_row(path, network(), biases(2), labels).note
    write_chip_onnx(network(), path, reset="none")
    assert "isn't a spikeport-chip 1 file" in chip_onnx_row(path, network(), biases(2), labels).note
    path.write_bytes(b"damaged")
    with pytest.raises(FileError, match="isn't a readable ONNX file"):
        chip_onnx_row(path, network(), biases(2), labels)
