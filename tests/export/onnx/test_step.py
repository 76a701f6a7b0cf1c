"""model.step.onnx, stepped by hand, against the executor."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from export.executor import run_graph
from export.nir_metadata import read_facts
from export.onnx import build_step, with_spikes
from tests.frozen_networks import conv_network
from tests.other_networks import every_network

NETWORKS = every_network(samples=5)


def onnxruntime_session(model: onnx.ModelProto) -> Any:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return [output.name for output in session.get_outputs()], session


def reference_session(model: onnx.ModelProto) -> Any:
    return [output.name for output in model.graph.output], ReferenceEvaluator(model)


@pytest.mark.parametrize("open_session", [onnxruntime_session, reference_session])
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_executor_step_by_step(name: str, open_session: Any) -> None:
    """Output and spikes of every step; the state goes from call to call."""
    graph, inputs = NETWORKS[name]
    facts, run = read_facts(graph), run_graph(graph, inputs)
    names, session = open_session(with_spikes(build_step(graph)))
    state = {
        f"v_{layer}": np.zeros(spikes.shape[1:], np.float32) for layer, spikes in run.spikes.items()
    }
    for t in range(facts.time_steps):
        frame = inputs if facts.input.form == "static" else inputs[:, t]
        results = dict(zip(names, session.run(None, {"input": frame, **state}), strict=True))
        np.testing.assert_allclose(results["output"], run.outputs[t], rtol=1e-5, atol=2e-6)
        for layer, spikes in run.spikes.items():
            np.testing.assert_array_equal(results[f"s_{layer}"], spikes[t])
        state = {key: results[f"{key}_next"] for key in state}


@pytest.mark.parametrize("name", NETWORKS)
def test_checker_and_strict_shapes(name: str) -> None:
    """The model passes the full checker and strict type and shape inference."""
    for model in (build_step(NETWORKS[name][0]), with_spikes(build_step(NETWORKS[name][0]))):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def test_no_control_flow() -> None:
    """Runtimes without loops can run it."""
    operators = {operator.op_type for operator in build_step(conv_network()).graph.node}
    assert operators.isdisjoint({"Scan", "Loop", "If"})


def test_inputs_and_outputs() -> None:
    """The state of each spiking node goes in as v_<node> and comes out as v_<node>_next."""
    graph = build_step(conv_network()).graph
    assert [value.name for value in graph.input] == ["input", "v_l001_lif", "v_l004_lif"]
    assert [value.name for value in graph.output] == [
        "output",
        "v_l001_lif_next",
        "v_l004_lif_next",
    ]
