"""The rounding bound: never too small, and small enough to tell rounding from a fault."""

import copy
from pathlib import Path

import nir
import numpy as np
import onnxruntime
import pytest

from export.executor import run_graph
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron
from export.onnx import build_step, with_spikes, write_onnx, write_step_onnx
from hwsim.verify import RUNTIMES, Row, verify_graph
from hwsim.verify.arithmetic import FLOAT32, FLOAT32_PARAMETERS, FLOAT64, gamma
from hwsim.verify.rounding import ErrorBound
from tests.frozen_networks import conv_network, images, portable_lif
from tests.other_networks import chain, every_network, with_facts

NETWORKS = every_network(samples=30)


def tie_network(*, threshold: float = 1.0) -> nir.NIRGraph:
    """Two inputs into one neuron whose weights, 1 and 2^-25, float32 can't add."""
    nodes = {
        "input": nir.Input(np.array([2])),
        "l000_fc": nir.Linear(np.array([[1.0, 2.0**-25]], np.float32)),
        "l001_lif": portable_lif((1,), 2048, threshold),
        "l002_fc": nir.Linear(np.array([[3.0], [-3.0]], np.float32)),
        "l003_lif": portable_lif((2,), 2048),
        "l004_fc": nir.Linear(np.array([[1.0, 0.5]], np.float32)),
        "output": nir.Output(np.array([1])),
    }
    return with_facts(nodes, chain(nodes), time_steps=3)


def onnx_rows(
    graph: nir.NIRGraph, exported: nir.NIRGraph, x: np.ndarray, folder: Path
) -> list[Row]:
    write_onnx(exported, folder / "model.onnx")
    write_step_onnx(exported, folder / "model.step.onnx")
    return verify_graph(
        graph,
        x,
        np.zeros(len(x), np.int64),
        onnx=folder / "model.onnx",
        step_onnx=folder / "model.step.onnx",
        runtimes={name: runtime for name, runtime in RUNTIMES.items() if "onnx" in name},
    )


def test_a_near_tie_is_rounding(tmp_path: Path) -> None:
    """1 + 2^-25 is above 1 in float64 and equal to 1 in float32: excused, effects included."""
    inputs = np.array([[1.0, 1.0], [0.5, 0.0], [2.0, 0.0]], np.float32)
    for row in onnx_rows(tie_network(), tie_network(), inputs, tmp_path):
        assert row.verdict == "rounding"
        assert row.samples_parted == 1
        assert row.spike_mismatches is not None
        assert row.spike_mismatches >= 2, "the second layer must follow the first"
        assert row.closest_margin == pytest.approx(2.0**-25, rel=1e-3)
        assert row.float32_bound is not None
        assert 2.0**-25 < row.float32_bound < 1e-4


def test_a_near_tie_is_no_excuse_in_float64() -> None:
    """The executor itself and SpikingJelly see the difference that float32 doesn't."""
    inputs = np.array([[1.0, 1.0]], np.float32)
    names = ("nir_executor", "spikingjelly")
    rows = verify_graph(
        tie_network(),
        inputs,
        np.zeros(1, np.int64),
        runtimes={name: RUNTIMES[name] for name in names},
    )
    assert [row.verdict for row in rows] == ["identical", "identical"]


def test_a_tie_is_told_apart() -> None:
    """SpikingJelly fires at v = threshold: different, and the note says that it was a tie."""
    (row,) = verify_graph(
        tie_network(),
        np.array([[1.0, 0.0]], np.float32),
        np.zeros(1, np.int64),
        runtimes={"spikingjelly": RUNTIMES["spikingjelly"]},
    )
    assert row.verdict == "different"
    assert row.closest_margin == 0
    assert "1 samples first differ at a tie" in row.note


@pytest.mark.parametrize("drive", [1.0005, 1.001])
def test_a_real_difference_is_not_rounding(drive: float, tmp_path: Path) -> None:
    """A threshold 0.2 % off decides a drive in between differently: rounding isn't that large."""
    inputs = np.array([[drive, 0.0]], np.float32)
    for row in onnx_rows(tie_network(), tie_network(threshold=1.002), inputs, tmp_path):
        assert row.verdict == "different"
        assert row.samples_parted == 1
        assert "1 samples first differ" in row.note


def test_a_fault_hidden_behind_a_tie_in_another_sample(tmp_path: Path) -> None:
    """Each sample is judged by its own first difference."""
    inputs = np.array([[1.0, 1.0], [1.0005, 0.0]], np.float32)
    for row in onnx_rows(tie_network(), tie_network(threshold=1.002), inputs, tmp_path):
        assert row.verdict == "different"
        assert row.samples_parted == 2
        assert "1 samples first differ" in row.note


@pytest.mark.parametrize("name", NETWORKS)
def test_the_bound_holds_for_every_membrane(name: str) -> None:
    """ONNX Runtime's float32 membranes and logits lie within the bound, all of them."""
    graph, inputs = NETWORKS[name]
    facts, run = read_facts(graph), run_graph(graph, inputs, record=True)
    bounds = ErrorBound(graph, FLOAT32).of(inputs, run)
    session = onnxruntime.InferenceSession(with_spikes(build_step(graph)).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    state = {f"v_{k}": np.zeros(v.shape[1:], np.float32) for k, v in run.spikes.items()}
    compared = 0
    for t in range(facts.time_steps):
        frame = inputs if facts.input.form == "static" else inputs[:, t]
        results = dict(zip(names, session.run(None, {"input": frame, **state}), strict=True))
        state = {key: results[f"{key}_next"] for key in state}
        for layer, spikes in run.spikes.items():
            np.testing.assert_array_equal(results[f"s_{layer}"], spikes[t])
            cell = discrete_neuron(layer, graph.nodes[layer], facts.dt_s)
            kept = ~spikes[t]
            error = np.abs(state[f"v_{layer}"] - run.membranes[layer][t] / cell.gain)
            assert (error <= bounds.decisions[layer][t])[kept].all()
            compared += int(kept.sum())
    assert compared > 1000


@pytest.mark.parametrize("name", NETWORKS)
def test_the_bound_is_worth_printing(name: str) -> None:
    """A bound so loose that it excused everything would prove nothing."""
    graph, inputs = NETWORKS[name]
    run = run_graph(graph, inputs, record=True)
    for arithmetic, limit in ((FLOAT32, 3e-4), (FLOAT32_PARAMETERS, 2e-4), (FLOAT64, 1e-12)):
        bounds = ErrorBound(graph, arithmetic).of(inputs, run)
        assert all(0 < bound.min() <= bound.max() < limit for bound in bounds.decisions.values())
        assert bounds.logits.max() < limit


def test_weights_that_float32_rounds_are_counted() -> None:
    """Weights stored in float64 lose more in float32; the bound follows."""
    graph, inputs = conv_network(), images(5)
    finer = copy.deepcopy(graph)
    for name in ("l000_conv", "l003_conv", "l007_fc"):
        node = finer.nodes[name]
        node.weight = node.weight.astype(np.float64) * (1 + 2.0**-26)
    coarse = ErrorBound(graph, FLOAT32).of(inputs, run_graph(graph, inputs, record=True))
    fine = ErrorBound(finer, FLOAT32).of(inputs, run_graph(finer, inputs, record=True))
    assert fine.decisions["l001_lif"].mean() > coarse.decisions["l001_lif"].mean() * 1.01


def test_inputs_that_float32_rounds_are_counted() -> None:
    """So do inputs in float64, for a runtime that takes them in float32."""
    graph, inputs = conv_network(), images(5).astype(np.float64)
    finer = inputs * (1 + 2.0**-26)
    bound = ErrorBound(graph, FLOAT32)
    coarse = bound.of(inputs, run_graph(graph, inputs, record=True)).decisions["l001_lif"]
    fine = bound.of(finer, run_graph(graph, finer, record=True)).decisions["l001_lif"]
    assert fine.mean() > coarse.mean() * 1.01


def test_gamma() -> None:
    """gamma_n grows a little faster than n roundings."""
    assert gamma(0, 2.0**-24) == 0
    assert gamma(10, 2.0**-24) == pytest.approx(10 * 2.0**-24, rel=1e-6)
    assert gamma(10, 2.0**-24) > 10 * 2.0**-24
