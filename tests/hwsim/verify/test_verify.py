"""One frozen network across runtimes: what must be identical is, what isn't is found."""

import copy
import dataclasses
import sys
from pathlib import Path
from typing import TypedDict

import nir
import numpy as np
import onnx
import pytest

from export.executor import logits, run_graph
from export.nir_file import read_nir, write_nir
from export.nir_metadata import ReadoutFacts, attach_facts, read_facts
from export.onnx import with_spikes, write_onnx, write_step_onnx
from hwsim.errors import VerificationError
from hwsim.verify import RUNTIMES, Answer, Row, Runtime, Subject, verify_graph
from hwsim.verify.torch_importer import WEIGHTED_BY_US
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, odd_network, residual_network, spike_trains
from trainers.errors import DataError, FileError

THIRD_PARTIES = ("norse", "snntorch", "spikingjelly")
WITHOUT_PROFILES = [name for name, runtime in RUNTIMES.items() if runtime.profile is None]
ONNX_FILES = ("onnxruntime model.onnx", "onnxruntime model.step.onnx")

NETWORKS = {
    "conv": (conv_network(), images(40)),
    "residual": (residual_network(), images(40)),
    "dense": (dense_network(), spike_trains(40)),
}


def own_labels(graph: nir.NIRGraph, inputs: np.ndarray) -> np.ndarray:
    """What the network itself answers, so that its accuracy is 1."""
    answers: np.ndarray = logits(run_graph(graph, inputs).outputs, read_facts(graph))
    labels: np.ndarray = answers.argmax(axis=1)
    return labels


class Files(TypedDict):
    onnx: Path
    step_onnx: Path


def export(graph: nir.NIRGraph, folder: Path) -> Files:
    files = Files(onnx=folder / "model.onnx", step_onnx=folder / "model.step.onnx")
    write_onnx(graph, files["onnx"])
    write_step_onnx(graph, files["step_onnx"])
    return files


def by_runtime(rows: list[Row]) -> dict[str, Row]:
    return {row.runtime: row for row in rows}


def with_threshold(
    graph: nir.NIRGraph, node: str, at: tuple[int, ...], factor: float
) -> nir.NIRGraph:
    """A copy in which one neuron's threshold is another."""
    tampered = copy.deepcopy(graph)
    tampered.nodes[node].v_threshold[at] *= factor
    return tampered


@pytest.mark.parametrize("name", NETWORKS)
def test_identical_everywhere(name: str, tmp_path: Path) -> None:
    """Read back from its files, the network spikes alike in every runtime, layer, step, sample."""
    graph, inputs = NETWORKS[name]
    write_nir(graph, tmp_path / "model.nir")
    labels = own_labels(graph, inputs)
    rows = verify_graph(read_nir(tmp_path / "model.nir"), inputs, labels, **export(graph, tmp_path))
    assert [row.runtime for row in rows] == WITHOUT_PROFILES
    for row in rows:
        assert (row.verdict, row.spike_mismatches, row.note) == ("identical", 0, "")
        assert (row.samples, row.accuracy) == (40, 1.0)
        assert row.logit_max_abs_diff is not None
        assert row.logit_max_abs_diff < (1e-6 if row.precision == "float32" else 1e-12)


def weighted(graph: nir.NIRGraph, *weights: float) -> nir.NIRGraph:
    """A copy whose readout weights its steps."""
    changed = copy.deepcopy(graph)
    readout = ReadoutFacts(weights=weights)
    attach_facts(changed, read_facts(graph).model_copy(update={"readout": readout}))
    return changed


def test_readout_weights_count_in_every_runtime(tmp_path: Path) -> None:
    """Logits are weighted alike; rows whose runtime can't weight say that we did it for them."""
    plain, inputs = NETWORKS["conv"]
    graph = weighted(plain, 0.1, 2.5, 0.7, -0.2)
    write_nir(graph, tmp_path / "model.nir")
    labels, unweighted = own_labels(graph, inputs), own_labels(plain, inputs)
    assert (labels != unweighted).any()
    rows = by_runtime(
        verify_graph(read_nir(tmp_path / "model.nir"), inputs, labels, **export(graph, tmp_path))
    )
    assert list(rows) == WITHOUT_PROFILES
    for row in rows.values():
        assert (row.verdict, row.accuracy) == ("identical", 1.0)
        assert row.logit_max_abs_diff is not None
        assert row.logit_max_abs_diff < (1e-6 if row.precision == "float32" else 1e-12)
    for name in ("nir_executor", "onnxruntime model.onnx"):
        assert rows[name].note == ""
    for name in THIRD_PARTIES:
        assert rows[name].note == WEIGHTED_BY_US
    assert "spikeport applied the readout weights" in rows["onnxruntime model.step.onnx"].note


def test_a_runtime_that_ignores_readout_weights_is_found() -> None:
    """Its spikes are right and its logits aren't."""
    plain, inputs = NETWORKS["conv"]
    honest = RUNTIMES["nir_executor"]
    deaf = dataclasses.replace(honest, open=lambda subject: honest.open(Subject(plain)))
    graph = weighted(plain, 1.0, 1.0, 1.0, 1.001)
    (row,) = verify_graph(graph, inputs, np.zeros(40, np.int64), runtimes={"deaf": deaf})
    assert (row.verdict, row.spike_mismatches) == ("different", 0)
    assert "equal spikes but logits farther apart" in row.note


def test_rows_say_what_was_compared() -> None:
    """Precision is told as it is: Norse and snnTorch hold their parameters in float32."""
    rows = by_runtime(verify_graph(*NETWORKS["conv"], np.zeros(40, np.int64)))
    assert rows["nir_executor"].compared_with == "unscaled encoding"
    assert rows["norse"].compared_with == "nir_executor"
    assert rows["norse"].precision == "float64 (parameters float32)"
    assert rows["snntorch"].precision == "float64 (parameters float32)"
    assert rows["spikingjelly"].precision == "float64"
    assert rows["spikingjelly"].float32_bound is None
    assert rows["norse"].float32_bound is not None
    assert rows["norse"].closest_margin is not None
    assert "onnxruntime model.onnx" not in rows


def test_tampered_onnx_files(tmp_path: Path) -> None:
    """One neuron's threshold, 2 % higher in the ONNX files only, is found there, only there."""
    graph, inputs = NETWORKS["conv"]
    tampered = with_threshold(graph, "l001_lif", (2, 3, 3), 1.02)
    files = export(tampered, tmp_path)
    rows = by_runtime(verify_graph(graph, inputs, np.zeros(40, np.int64), **files))
    for name in ONNX_FILES:
        assert rows[name].verdict == "different"
        assert rows[name].spike_mismatches
        assert "farther from its threshold than rounding" in rows[name].note
    for name in THIRD_PARTIES:
        assert rows[name].verdict == "identical"


@pytest.mark.parametrize("name", ["norse", "spikingjelly", "nir_executor"])
def test_tampered_graph_in_one_runtime(name: str) -> None:
    """The same for a runtime that reads NIR, even if every neuron of a layer is moved."""
    graph, inputs = NETWORKS["conv"]
    tampered = with_threshold(graph, "l004_lif", (), 1.0)
    tampered.nodes["l004_lif"].v_threshold *= 1.02
    honest = RUNTIMES[name]
    swapped = dataclasses.replace(honest, open=lambda subject: honest.open(Subject(tampered)))
    (row,) = verify_graph(graph, inputs, np.zeros(40, np.int64), runtimes={name: swapped})
    assert row.verdict == "different"
    assert row.spike_mismatches
    assert row.samples_parted


def test_equal_spikes_with_other_logits(tmp_path: Path) -> None:
    """A tampered readout leaves every spike alone; equal spikes must not excuse it."""
    graph, inputs = NETWORKS["conv"]
    tampered = copy.deepcopy(graph)
    tampered.nodes["l007_fc"].bias[1] += np.float32(1e-4)
    rows = by_runtime(
        verify_graph(graph, inputs, np.zeros(40, np.int64), **export(tampered, tmp_path))
    )
    for name in ONNX_FILES:
        assert rows[name].spike_mismatches == 0
        assert rows[name].verdict == "different"
        assert "40 samples have equal spikes but logits farther apart" in rows[name].note


def test_a_copy_that_isn_t_the_shipped_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spikes come from a copy; with other logits its spikes prove nothing."""
    graph, inputs = NETWORKS["conv"]

    def other_copy(model: onnx.ModelProto) -> onnx.ModelProto:
        shown = with_spikes(model)
        bodies = [
            attribute.g
            for node in shown.graph.node
            for attribute in node.attribute
            if attribute.name == "body"
        ]
        held = [tensor for graph in (shown.graph, *bodies) for tensor in graph.initializer]
        bias = next(tensor for tensor in held if tensor.name == "b_l007_fc")
        values = np.nextafter(onnx.numpy_helper.to_array(bias), np.float32(9.0))
        bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
        return shown

    monkeypatch.setattr("hwsim.verify.onnxruntime.with_spikes", other_copy)
    files = export(graph, tmp_path)
    rows = by_runtime(verify_graph(graph, inputs, np.zeros(40, np.int64), **files))
    assert rows["onnxruntime model.onnx"].verdict == "different"
    assert "shipped file's logits differ" in rows["onnxruntime model.onnx"].note
    assert rows["onnxruntime model.step.onnx"].verdict == "identical"


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("norse", "norse.torch.utils.import_nir"),
        ("snntorch", "snntorch.import_nir"),
        ("spikingjelly", "spikingjelly.activation_based.nir_exchange"),
        ("onnxruntime model.onnx", "onnxruntime"),
    ],
)
def test_not_installed(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A runtime that isn't there has a row that says so and how to get it; the rest goes on."""
    monkeypatch.setitem(sys.modules, module, None)
    graph, inputs = NETWORKS["conv"]
    rows = by_runtime(
        verify_graph(graph, inputs, np.zeros(40, np.int64), **export(graph, tmp_path))
    )
    row = rows[name]
    assert row.verdict == "not installed"
    assert "Install " in row.note
    assert (row.samples, row.spike_mismatches, row.accuracy) == (0, None, None)
    assert rows["nir_executor"].verdict == "identical"


def test_a_network_an_importer_can_not_take() -> None:
    """Grouped convolutions and neurons that differ: refused by the importers, told in one line."""
    rows = by_runtime(
        verify_graph(odd_network(), np.zeros((3, 2, 5, 6), np.float32), np.zeros(3, np.int64))
    )
    assert rows["nir_executor"].verdict == "identical"
    for name in THIRD_PARTIES:
        assert rows[name].verdict == "different"
        assert rows[name].spike_mismatches is None
        assert "can't take this network" in rows[name].note
        assert "\n" not in rows[name].note


def test_an_importer_that_goes_astray_is_found() -> None:
    """Norse walks a residual graph in the order of its edges; with the skip first it never ends."""
    graph, inputs = NETWORKS["residual"]
    skip_first = copy.deepcopy(graph)
    skip_first.edges = [graph.edges[-1], *graph.edges[:-1]]
    rows = by_runtime(verify_graph(skip_first, inputs, np.zeros(40, np.int64)))
    assert rows["norse"].verdict == "different"
    assert rows["spikingjelly"].verdict == "identical"


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Third parties print; our standard output stays ours."""
    verify_graph(*NETWORKS["conv"], np.zeros(40, np.int64))
    assert capsys.readouterr().out == ""


def test_batches_don_t_change_the_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test split of any size is counted batch by batch, state left behind by none."""
    graph, inputs = NETWORKS["conv"]
    tampered = with_threshold(graph, "l001_lif", (2, 3, 3), 1.02)
    files, labels = export(tampered, tmp_path), own_labels(graph, inputs)
    whole = verify_graph(graph, inputs, labels, **files)
    monkeypatch.setattr("hwsim.verify.verify.LARGEST_BATCH", 7)
    for one, many in zip(whole, verify_graph(graph, inputs, labels, **files), strict=True):
        assert one.logit_max_abs_diff == pytest.approx(many.logit_max_abs_diff, abs=1e-6)
        assert dataclasses.replace(one, logit_max_abs_diff=0.0) == dataclasses.replace(
            many, logit_max_abs_diff=0.0
        )


def test_a_runtime_of_the_caller_s_own() -> None:
    """Anything that answers spikes and logits can be held to the executor."""
    graph, inputs = NETWORKS["conv"]
    facts = read_facts(graph)

    def open_other(subject: Subject) -> object:
        def ask(batch: np.ndarray) -> Answer:
            run = run_graph(subject.graph, batch)
            return Answer({k: ~v for k, v in run.spikes.items()}, logits(run.outputs, facts))

        return ask

    mine = Runtime("float64", RUNTIMES["nir_executor"].arithmetic, open_other)  # type: ignore[arg-type]
    (row,) = verify_graph(graph, inputs, np.zeros(40, np.int64), runtimes={"mine": mine})
    assert row.verdict == "different"
    assert row.spike_mismatches == 40 * 4 * (6 * 64 + 8 * 16)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(39, np.int64), r"shape \(39,\)"),
        (np.zeros(40, np.float32), "of float32"),
        (np.full(40, 5), "40 lie outside 0..4"),
        (np.full(40, -1), "40 lie outside 0..4"),
    ],
)
def test_labels(labels: np.ndarray, message: str) -> None:
    """Labels of other samples or another network are refused."""
    with pytest.raises(VerificationError, match=message):
        verify_graph(*NETWORKS["conv"], labels)


def test_inputs_of_another_shape() -> None:
    """The executor's own check speaks."""
    with pytest.raises(DataError, match=r"\[N, 1, 8, 8\]"):
        verify_graph(conv_network(), images(2, size=9), np.zeros(2, np.int64))


def test_damaged_onnx_file(tmp_path: Path) -> None:
    """A damaged file isn't a verdict but an error."""
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(FileError, match="isn't a readable ONNX file"):
        verify_graph(*NETWORKS["conv"], np.zeros(40, np.int64), onnx=tmp_path / "model.onnx")


def test_onnx_file_of_another_network(tmp_path: Path) -> None:
    """A file with other nodes is told apart by name."""
    files = export(dense_network(), tmp_path)
    rows = by_runtime(verify_graph(*NETWORKS["conv"], np.zeros(40, np.int64), **files))
    for name in ONNX_FILES:
        assert rows[name].verdict == "different"
        assert "belongs to another network" in rows[name].note
