"""An ONNX graph becomes a model that says what it is: opset, metadata, documentation."""

import json

import onnx
from onnx import helper

from export.moving_threshold import moving_thresholds
from export.nir_metadata import METADATA_KEY, FrozenFacts

OPSET = 17
IR_VERSION = 9
"""Read by every ONNX runtime since 2023; nothing here needs more."""


def make_model(
    graph: onnx.GraphProto, facts: FrozenFacts, states: dict[str, tuple[int, ...]]
) -> onnx.ModelProto:
    """Wraps a graph, with the network's facts in `metadata_props`.

    Args:
        graph: complete.
        facts: of the frozen network.
        states: tensors that go from step to step, with their shapes for one sample; all start at 0.
    """
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="spikeport",
        producer_version=facts.spikeport,
    )
    helper.set_model_props(
        model,
        {
            "spikeport_version": facts.spikeport,
            METADATA_KEY: facts.model_dump_json(),
            "dt_s": repr(facts.dt_s),
            "neuron": "u = decay * v + x + leak; s = u > threshold; v = reset where s, else u",
            **_threshold_rules(facts),
            "reset": facts.reset,
            "time_steps": str(facts.time_steps),
            "input_form": facts.input.form,
            "input_shapes": json.dumps(_input_shapes(graph)),
            "state_shapes": json.dumps({name: list(shape) for name, shape in states.items()}),
            "readout": readout_rule(facts),
        },
    )
    return model


def _threshold_rules(facts: FrozenFacts) -> dict[str, str]:
    """How thresholds move, in words; nothing where all are constants."""
    moving = moving_thresholds(facts)
    rules: dict[str, str] = {}
    scheduled = [name for name, how in moving.items() if how.factors is not None]
    if scheduled:
        rules["threshold_schedule"] = (
            f"of {', '.join(scheduled)}: at step t, from 0, row min(t, last) of threshold_<node>"
        )
    adaptive = [name for name, how in moving.items() if how.adaptation is not None]
    if adaptive:
        rules["threshold_adaptation"] = (
            f"of {', '.join(adaptive)}: threshold * (1 + beta a); then a = rho a + (1 - rho) s"
        )
    return rules


def readout_rule(facts: FrozenFacts) -> str:
    """The readout in words."""
    if facts.readout.weights is None:
        return "logits = (1/T) * sum over t of output[t]"
    weights = ", ".join(f"{weight:g}" for weight in facts.readout.weights)
    return f"logits = (1/T) * sum over t of w[t] * output[t], w = [{weights}]"


def _input_shapes(graph: onnx.GraphProto) -> dict[str, list[str | int]]:
    return {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in graph.input
    }
