"""model.int8.onnx against the fake-quantised float network, rounded by torch."""

import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops.op_dequantize_linear import DequantizeLinear_25

from export.errors import LimitExceeded
from export.freezing import freeze
from export.onnx import Int8Weights, build_scan, read_onnx, with_spikes, write_int8_onnx
from export.onnx.int8 import Per
from tests.moving_networks import BODIES, adaptive, inputs
from tests.onnx_evaluators import in_onnxruntime
from tests.other_networks import dense_network, every_network

NETWORKS = every_network(samples=9)
PERS: tuple[Per, ...] = ("channel", "tensor")


class DequantizeLinear(DequantizeLinear_25):
    """ONNX's own reference of opset 25, which has none of 17: the same for int8 and float32."""

    op_domain = ""


def in_reference(model: onnx.ModelProto, feeds: dict[str, Any]) -> dict[str, np.ndarray]:
    """Runs a model in ONNX's own reference evaluator; outputs by name."""
    names = [output.name for output in model.graph.output]
    evaluator = ReferenceEvaluator(model, new_ops=[DequantizeLinear])
    return dict(zip(names, evaluator.run(None, feeds), strict=True))


def fake_quantised(graph: nir.NIRGraph, per: Per) -> nir.NIRGraph:
    """The float network whose weights torch rounded to int8 and back; `graph` is changed."""
    for node in graph.nodes.values():
        if hasattr(node, "weight"):
            weight = torch.from_numpy(np.asarray(node.weight, dtype=np.float32))
            rows = weight.flatten(1)
            if per == "channel":
                scale = (rows.abs().amax(1).double() / 127).float()
                zero = torch.zeros(len(weight), dtype=torch.int32)
                rounded = torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)
            else:
                whole = float(rows.abs().max().double() / 127)
                rounded = torch.fake_quantize_per_tensor_affine(weight, whole, 0, -127, 127)
            node.weight = rounded.numpy()
    return graph


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize("per", PERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_fake_quantised_float_network(name: str, per: Per, evaluate: Any) -> None:
    """Logits, outputs and spikes are equal bit for bit, and not all those of the float network."""
    graph, given = NETWORKS[name]
    int8 = with_spikes(build_scan(graph, int8=Int8Weights(per)))
    results = evaluate(int8, {"input": given})
    before = evaluate(with_spikes(build_scan(graph)), {"input": given})
    rounded = fake_quantised(every_network(samples=9)[name][0], per)
    expected = evaluate(with_spikes(build_scan(rounded)), {"input": given})
    assert results.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(results[key], values)
    assert not np.array_equal(results["logits"], before["logits"])
    assert any(results[key].any() for key in results if key.startswith("s_"))


@pytest.mark.parametrize("body", BODIES)
def test_thresholds_that_move(body: str) -> None:
    """Adaptation works on the rounded weights' spikes."""
    sample = inputs().numpy().astype(np.float32)
    network = adaptive(body, 0)
    int8 = build_scan(freeze(network, sample, strategy="schedule"), int8=Int8Weights())
    rounded = fake_quantised(freeze(network, sample, strategy="schedule"), "channel")
    results = in_onnxruntime(with_spikes(int8), {"input": sample})
    expected = in_onnxruntime(with_spikes(build_scan(rounded)), {"input": sample})
    for key, values in expected.items():
        np.testing.assert_array_equal(results[key], values)


@pytest.mark.parametrize("per", PERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_are_stored_as_integers(name: str, per: Per) -> None:
    """Every weight tensor is int8 with float32 scales, at opset 17; the checker is content."""
    graph, _ = NETWORKS[name]
    model = build_scan(graph, int8=Int8Weights(per))
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for key, node in graph.nodes.items():
        if hasattr(node, "weight"):
            integers, scale = constants[f"w_{key}_int8"], constants[f"w_{key}_scale"]
            assert integers.dtype == np.int8
            assert integers.size == np.size(node.weight)
            assert scale.shape == ((len(node.weight),) if per == "channel" else ())
            assert np.abs(integers.astype(int)).max() == 127
            assert f"w_{key}" not in constants


def test_the_body_of_the_scan_unpacks_nothing() -> None:
    """Integers become weights once per call, not once per step."""
    model = build_scan(dense_network(), int8=Int8Weights())
    kinds = [operator.op_type for operator in model.graph.node]
    (scan,) = (operator for operator in model.graph.node if operator.op_type == "Scan")
    body = next(attribute.g for attribute in scan.attribute if attribute.name == "body")
    assert kinds.count("DequantizeLinear") == 3
    assert "DequantizeLinear" not in {operator.op_type for operator in body.node}


def test_a_quarter_of_the_bytes(tmp_path: Path) -> None:
    """The file is what a runtime reads, and about a quarter as large."""
    graph, given = NETWORKS["residual"]
    (path,), int8 = write_int8_onnx(graph, tmp_path / "model.int8.onnx")
    model = read_onnx(path)
    assert model == build_scan(graph, int8=Int8Weights())
    assert in_onnxruntime(model, {"input": given})["logits"].shape == (9, 5)
    stored = sum(t.dims[0] for t in model.graph.initializer if t.name.endswith("_scale"))
    assert stored == 13
    assert set(int8.changes) == {"w_l000_conv", "w_l002_conv", "w_l005_fc"}


@pytest.mark.parametrize("per", PERS)
def test_what_rounding_changed_is_said(per: Per, tmp_path: Path) -> None:
    """By the writer and in the file: the relative change of each layer, and that it's another."""
    graph = dense_network()
    (path,), int8 = write_int8_onnx(graph, tmp_path / "model.int8.onnx", per=per)
    rounded = fake_quantised(dense_network(), per)
    properties = {entry.key: entry.value for entry in read_onnx(path).metadata_props}
    for key in ("l000_fc", "l002_fc", "l004_fc"):
        before, after = graph.nodes[key].weight, rounded.nodes[key].weight
        change = np.linalg.norm(after - before) / np.linalg.norm(before)
        assert int8.changes[f"w_{key}"] == pytest.approx(change, rel=1e-5)
    assert int8.largest_change == max(int8.changes.values())
    assert 1e-3 < int8.largest_change < 2e-2
    assert json.loads(properties["weight_changes"]) == int8.changes
    words = {"channel": "one scale per output channel", "tensor": "one scale per tensor"}
    assert words[per] in properties["weights"]
    assert "another network" in properties["weights"]
    floats = {entry.key: entry.value for entry in build_scan(graph).metadata_props}
    assert floats["weights"] == "float32"
    assert "weight_changes" not in floats


def test_weights_already_on_a_grid_stay() -> None:
    """What has 127 steps at most already isn't changed, so rounding twice is rounding once."""
    graph = fake_quantised(dense_network(), "channel")
    int8 = Int8Weights()
    build_scan(graph, int8=int8)
    assert int8.largest_change < 1e-7


@pytest.mark.parametrize("per", PERS)
def test_channels_without_weights(per: Per) -> None:
    """Zeros stay zeros, and tiny weights don't divide by zero."""
    rounder = Int8Weights(per)
    weights = np.zeros((3, 4), np.float32)
    done = rounder.rounded("zeros", weights, 0)
    assert not done.integers.any()
    assert (done.scale > 0).all()
    assert rounder.changes["zeros"] == 0.0
    tiny = rounder.rounded("tiny", weights + np.float32(1e-45), 0)
    assert np.isfinite(tiny.scale).all()
    assert rounder.changes["tiny"] <= 1.0


def test_values_beyond_float32() -> None:
    """They are refused as for float32 weights."""
    graph = dense_network()
    graph.nodes["l002_fc"].weight = np.full((16, 32), 1e39)
    with pytest.raises(LimitExceeded, match="'w_l002_fc': 1e\\+39 exceeds float32"):
        build_scan(graph, int8=Int8Weights())
