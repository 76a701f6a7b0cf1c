"""Making spikes visible changes nothing else."""

import numpy as np
import onnx
import pytest

from export.errors import InvalidGraph
from export.onnx import build_scan, build_step, with_spikes
from tests.frozen_networks import conv_network
from tests.onnx_evaluators import in_onnxruntime
from tests.other_networks import every_network, spike_trains

NETWORKS = every_network(samples=9)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_stay_bit_for_bit(name: str) -> None:
    """The copy's logits are the shipped model's, to the last bit."""
    graph, inputs = NETWORKS[name]
    model = build_scan(graph)
    shipped = in_onnxruntime(model, {"input": inputs})
    shown = in_onnxruntime(with_spikes(model), {"input": inputs})
    np.testing.assert_array_equal(shipped["logits"], shown["logits"])
    np.testing.assert_array_equal(shipped["outputs"], shown["outputs"])


def test_the_shipped_model_is_left_alone() -> None:
    """A copy is changed, and only in its outputs."""
    model = build_scan(conv_network())
    before = model.SerializeToString(deterministic=True)
    shown = with_spikes(model)
    assert model.SerializeToString(deterministic=True) == before
    assert list(shown.graph.initializer) == list(model.graph.initializer)
    assert [op.op_type for op in shown.graph.node] == [op.op_type for op in model.graph.node]
    assert [value.name for value in shown.graph.output] == [
        "logits",
        "outputs",
        "s_l001_lif",
        "s_l004_lif",
    ]


def test_step_model_too() -> None:
    """The step model's spikes have the shape of its states."""
    outputs = with_spikes(build_step(conv_network())).graph.output
    spikes = {value.name: value.type.tensor_type for value in outputs}["s_l001_lif"]
    assert spikes.elem_type == onnx.TensorProto.BOOL
    assert [axis.dim_param or axis.dim_value for axis in spikes.shape.dim] == ["batch", 6, 8, 8]


def test_foreign_model() -> None:
    """A model without our spike tensors is refused."""
    identity = onnx.helper.make_node("Identity", ["x"], ["y"])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([identity], "g", [value("x", 1, [1])], [value("y", 1, [1])])
    with pytest.raises(InvalidGraph, match="no spike tensors"):
        with_spikes(onnx.helper.make_model(graph))


def test_spikes_are_in_time_order() -> None:
    """The first axis of a Scan's spikes is time: a longer sequence begins like a shorter one."""
    graph = NETWORKS["dense"][0]
    model = with_spikes(build_scan(graph))
    trains = spike_trains(2, 20)
    longer = in_onnxruntime(model, {"input": trains})["s_l003_lif"]
    shorter = in_onnxruntime(model, {"input": trains[:, :6]})["s_l003_lif"]
    np.testing.assert_array_equal(longer[:6], shorter)
