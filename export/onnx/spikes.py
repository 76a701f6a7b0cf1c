"""A shipped model with its spikes made visible, for comparing runtimes layer by layer."""

import copy

import onnx
from onnx import helper

from export.errors import InvalidGraph

SPIKES = "s_"


def with_spikes(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of model.onnx or model.step.onnx that also returns every `s_<node>`, bool.

    Shapes are [time, batch, ...] from the Scan and [batch, ...] from the step graph. Nothing else
    changes: no operator, constant or name.

    Raises:
        InvalidGraph: the model has no such tensors, so it wasn't written by spikeport.
    """
    shown = copy.deepcopy(model)
    scans = [operator for operator in shown.graph.node if operator.op_type == "Scan"]
    if len(scans) > 1:
        raise InvalidGraph(
            f"ONNX model: {len(scans)} Scan operators, expected at most 1. "
            "Use the model.onnx that `spikeport export` wrote."
        )
    if scans:
        _show_scan(shown.graph, scans[0])
    else:
        shown.graph.output.extend(_spikes(shown.graph))
    return shown


def _show_scan(graph: onnx.GraphProto, scan: onnx.NodeProto) -> None:
    body = next(attribute.g for attribute in scan.attribute if attribute.name == "body")
    for spikes in _spikes(body):
        body.output.append(spikes)
        scan.output.append(spikes.name)
        graph.output.append(_bool(spikes.name, ["time", *_axes(spikes)]))


def _spikes(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """Spike tensors of a step, shaped like the state that comes in beside them."""
    states = {value.name: value for value in graph.input}
    names = [
        operator.output[0].removeprefix(SPIKES)
        for operator in graph.node
        if operator.op_type == "Greater" and operator.output[0].startswith(SPIKES)
    ]
    if not names or any(f"v_{name}" not in states for name in names):
        raise InvalidGraph(
            f"ONNX model: it has no spike tensors '{SPIKES}<node>' with a state 'v_<node>'. "
            "Use a model that `spikeport export` wrote."
        )
    return [_bool(SPIKES + name, _axes(states[f"v_{name}"])) for name in names]


def _axes(value: onnx.ValueInfoProto) -> list[str | int]:
    return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]


def _bool(name: str, axes: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.BOOL, axes)
