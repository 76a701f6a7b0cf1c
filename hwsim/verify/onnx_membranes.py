"""A model with visible spikes that also shows the membranes they were decided on."""

import copy

import onnx
from onnx import helper

from export.onnx.spikes import SPIKES

MEMBRANE = "membrane_"


def with_membranes(shown: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that also returns every spiking node's membrane before its reset, float.

    Args:
        shown: with its spikes among the outputs, as `export.onnx.with_spikes` makes it.
    """
    model = copy.deepcopy(shown)
    scan = next((node for node in model.graph.node if node.op_type == "Scan"), None)
    if scan is None:
        _show(model.graph)
        return model
    body = next(attribute.g for attribute in scan.attribute if attribute.name == "body")
    scan.output.extend(_show(body))
    for spikes in _spikes(model.graph):
        model.graph.output.append(_beside(spikes))
    return model


def _show(step: onnx.GraphProto) -> list[str]:
    compared = {node.output[0]: node.input[0] for node in step.node if node.op_type == "Greater"}
    names = []
    for spikes in _spikes(step):
        membrane = _beside(spikes)
        step.node.append(helper.make_node("Identity", [compared[spikes.name]], [membrane.name]))
        step.output.append(membrane)
        names.append(membrane.name)
    return names


def _spikes(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    return [value for value in graph.output if value.name.startswith(SPIKES)]


def _beside(spikes: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    axes = [axis.dim_param or axis.dim_value for axis in spikes.type.tensor_type.shape.dim]
    name = MEMBRANE + spikes.name.removeprefix(SPIKES)
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, axes)
