"""model.onnx in ONNX Runtime and in ONNX's reference evaluator, against the executor."""

import json
from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import onnx
import pytest

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.executor import logits, run_graph
from export.nir_metadata import FrozenFacts, attach_facts, read_facts
from export.onnx import build_scan, build_step, with_spikes
from tests.frozen_networks import conv_network, images, portable_lif
from tests.onnx_evaluators import in_onnxruntime, in_reference
from tests.other_networks import (
    chain,
    dense_network,
    every_network,
    odd_network,
    spike_trains,
    with_facts,
)

NETWORKS = every_network(samples=9)

PLAIN = {
    "Add", "Cast", "Concat", "ConstantOfShape", "Conv", "Gemm", "Greater", "Identity", "MatMul",
    "Mul", "ReduceMean", "Reshape", "Scan", "Shape", "Transpose", "Where",
}  # fmt: skip


def body(model: onnx.ModelProto) -> onnx.GraphProto:
    scan = next(operator for operator in model.graph.node if operator.op_type == "Scan")
    graphs: dict[str, onnx.GraphProto] = {
        attribute.name: attribute.g for attribute in scan.attribute
    }
    return graphs["body"]


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_executor(name: str, evaluate: Any) -> None:
    """Every spike is equal, outputs and logits up to float32."""
    graph, inputs = NETWORKS[name]
    run = run_graph(graph, inputs)
    results = evaluate(with_spikes(build_scan(graph)), {"input": inputs})
    for layer, spikes in run.spikes.items():
        np.testing.assert_array_equal(results[f"s_{layer}"], spikes)
    np.testing.assert_allclose(results["outputs"], run.outputs, rtol=1e-5, atol=2e-6)
    expected = logits(run.outputs, read_facts(graph))
    np.testing.assert_allclose(results["logits"], expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize("steps", [1, 9])
def test_time_steps_can_be_given(steps: int, evaluate: Any) -> None:
    """The optional input replaces the file's T."""
    graph, inputs = conv_network(), images(3)
    feeds = {"input": inputs, "time_steps": np.array(steps, np.int64)}
    results = evaluate(build_scan(graph), feeds)
    run = run_graph(graph, inputs, time_steps=steps)
    assert results["outputs"].shape == (steps, 3, 5)
    np.testing.assert_allclose(results["outputs"], run.outputs, rtol=1e-5, atol=2e-6)
    expected = logits(run.outputs, read_facts(graph))
    np.testing.assert_allclose(results["logits"], expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize(("samples", "steps"), [(1, 20), (4, 7), (2, 33)])
def test_sequences_of_any_length(samples: int, steps: int, evaluate: Any) -> None:
    """Batch and time of a sequence are free."""
    trains = spike_trains(samples, steps)
    results = evaluate(build_scan(dense_network()), {"input": trains})
    run = run_graph(dense_network(), trains, time_steps=steps)
    np.testing.assert_allclose(results["outputs"], run.outputs, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_checker_and_strict_shapes(name: str) -> None:
    """The model passes the full checker and strict type and shape inference."""
    for model in (build_scan(NETWORKS[name][0]), with_spikes(build_scan(NETWORKS[name][0]))):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_plain_operators_of_opset_17(name: str) -> None:
    """Nothing but operators any runtime has, all in float32, at opset 17 and IR 9."""
    model = build_scan(NETWORKS[name][0])
    used = {operator.op_type for graph in (model.graph, body(model)) for operator in graph.node}
    assert used <= PLAIN
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.ir_version == 9
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    assert kinds <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}


def test_static_input_is_convolved_once() -> None:
    """What comes before the first neuron stays outside of the Scan."""
    model = build_scan(conv_network())
    convolutions = [
        operator.output[0] for operator in model.graph.node if operator.op_type == "Conv"
    ]
    assert convolutions == ["y_l000_conv"]
    assert "y_l000_conv" not in [operator.output[0] for operator in body(model).node]


def test_inputs_and_outputs() -> None:
    """Names and axes are those the documentation promises."""

    def axes(values: Any) -> dict[str, list[Any]]:
        return {
            value.name: [a.dim_param or a.dim_value for a in value.type.tensor_type.shape.dim]
            for value in values
        }

    static, sequence = build_scan(conv_network()).graph, build_scan(dense_network()).graph
    assert axes(static.input) == {"input": ["batch", 1, 8, 8], "time_steps": []}
    assert axes(sequence.input) == {"input": ["batch", "time", 24]}
    assert axes(static.output) == {"logits": ["batch", 5], "outputs": ["time", "batch", 5]}


def test_weighted_readout_fixes_the_number_of_steps() -> None:
    """Readout weights belong to a T, so the model doesn't offer another."""
    assert [value.name for value in build_scan(odd_network()).graph.input] == ["input"]


def test_metadata() -> None:
    """The model says what it is: facts, dt, reset, shapes, readout."""
    graph = conv_network()
    props = {entry.key: entry.value for entry in build_scan(graph).metadata_props}
    assert FrozenFacts.model_validate_json(props["spikeport"]) == read_facts(graph)
    assert props["spikeport_version"] == "0.1.0"
    assert float(props["dt_s"]) == 1e-4
    assert props["reset"] == "zero"
    assert json.loads(props["input_shapes"])["input"] == ["batch", 1, 8, 8]
    assert json.loads(props["state_shapes"])["v_l004_lif"] == [8, 4, 4]
    assert "sum over t" in props["readout"]


def test_uniform_parameters_are_one_number() -> None:
    """A population's equal thresholds don't fill the file, and come out exactly 1."""
    constants = {tensor.name: tensor for tensor in build_scan(conv_network()).graph.initializer}
    threshold = onnx.numpy_helper.to_array(constants["threshold_l001_lif"])
    assert threshold.shape == ()
    assert threshold == 1.0


def test_unsupported_kind_is_named() -> None:
    """A leaky integrator, say, is refused, not dropped."""
    nodes = dict(dense_network().nodes)
    full = np.ones(16)
    nodes["l003_lif"] = nir.LI(full, full, full * 0)
    graph = with_facts(nodes, chain(nodes), time_steps=4, form="sequence")
    with pytest.raises(UnsupportedLayer, match="'l003_lif': kind LI "):
        build_scan(graph)


@pytest.mark.parametrize("build", [build_scan, build_step])
@pytest.mark.parametrize("rule", ["subtract", "subtract-delayed", "subtract-multi"])
def test_other_resets_are_named(
    rule: str, build: Callable[[nir.NIRGraph], onnx.ModelProto]
) -> None:
    """A network that resets by subtraction would be another one with a hard reset."""
    graph = dense_network()
    attach_facts(graph, read_facts(graph).model_copy(update={"resets": {"l003_lif": rule}}))
    with pytest.raises(UnsupportedLayer, match=rf"'l003_lif'.*\({rule}\)"):
        build(graph)


def test_values_beyond_float32() -> None:
    """A weight that float32 can't hold is refused, not turned into infinity."""
    graph = dense_network()
    graph.nodes["l002_fc"].weight = np.full((16, 32), 1e39)
    with pytest.raises(LimitExceeded, match="'w_l002_fc': 1e\\+39 exceeds float32"):
        build_scan(graph)


def test_weights_that_are_not_finite() -> None:
    """NaN never reaches a file."""
    graph = dense_network()
    graph.nodes["l002_fc"].weight[3, 4] = np.nan
    with pytest.raises(InvalidGraph, match="'l002_fc', weight: 1 of 512"):
        build_scan(graph)


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
def test_network_that_starts_and_ends_with_neurons(evaluate: Any) -> None:
    """The input may drive neurons directly, and the output may be spikes."""
    nodes = {
        "input": nir.Input(np.array([3])),
        "a_lif": portable_lif((3,), 3072, threshold=2.0),
        "output": nir.Output(np.array([3])),
    }
    graph = with_facts(nodes, chain(nodes), time_steps=6)
    inputs = np.array([[0.4, 0.9, 2.5]], np.float32)
    outputs = evaluate(build_scan(graph), {"input": inputs})["outputs"]
    np.testing.assert_array_equal(outputs, run_graph(graph, inputs).outputs)
    assert 0 < outputs.mean() < 1
