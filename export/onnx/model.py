"""An ONNX graph becomes a model that says what it is: opset, metadata, documentation."""

import json
from collections.abc import Iterable, Iterator

import onnx
from onnx import helper

from export.moving_threshold import moving_thresholds
from export.nir_metadata import METADATA_KEY, FrozenFacts
from export.onnx.fragment import name_clash
from export.onnx.int8 import Int8Weights

OPSET = 17
IR_VERSION = 9
"""Read by every ONNX runtime since 2023; nothing here needs more."""

SCALED = {"channel": "output channel", "tensor": "tensor"}


def make_model(
    graph: onnx.GraphProto,
    facts: FrozenFacts,
    states: dict[str, tuple[int, ...]],
    int8: Int8Weights | None = None,
) -> onnx.ModelProto:
    """Wraps a graph, with the network's facts in `metadata_props`.

    Args:
        graph: complete.
        facts: of the frozen network.
        states: tensors that go from step to step, with their shapes for one sample; all start at 0.
        int8: what rounded the weights; None where nothing did.

    Raises:
        InvalidGraph: two nodes of the network have names that come to one tensor.
    """
    _refuse_clashes(graph)
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
            **_state_rules(states),
            **_threshold_rules(facts),
            "reset": facts.reset,
            "discretization": facts.discretization,
            "time_steps": str(facts.time_steps),
            "input_form": facts.input.form,
            "input_scale": repr(facts.input.scale),
            "input_shapes": json.dumps(_shapes(graph.input)),
            "output_shapes": json.dumps(_shapes(graph.output)),
            "state_shapes": json.dumps({name: list(shape) for name, shape in states.items()}),
            "readout": readout_rule(facts),
            **_weight_rules(int8),
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


def _state_rules(states: Iterable[str]) -> dict[str, str]:
    """What else goes from step to step, in words; nothing where membranes alone do."""
    rules: dict[str, str] = {}
    synapses = _nodes_of(states, "i_")
    if synapses:
        rules["synapse"] = f"of {synapses}: i = synapse_decay * i + x; u takes in i instead of x"
    loops = _nodes_of(states, "prev_")
    if loops:
        rules["recurrence"] = f"of {loops}: the value of the step before is fed back, 0 at first"
    return rules


def _nodes_of(states: Iterable[str], prefix: str) -> str:
    return ", ".join(name.removeprefix(prefix) for name in states if name.startswith(prefix))


def _weight_rules(int8: Int8Weights | None) -> dict[str, str]:
    if int8 is None:
        return {"weights": "float32"}
    return {
        "weights": (
            f"int8, rounded, one scale per {SCALED[int8.per]}: w = scale * q. This is another "
            "network than model.onnx"
        ),
        "weight_changes": json.dumps(int8.changes),
    }


def _shapes(values: Iterable[onnx.ValueInfoProto]) -> dict[str, list[str | int]]:
    return {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in values
    }


def _refuse_clashes(graph: onnx.GraphProto) -> None:
    """A Scan's body shares its names with the graph around it; an input may have a default."""
    bodies = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    named = {value.name for value in graph.input}
    for name in _written(graph, bodies):
        if name in named:
            raise name_clash(name)
        named.add(name)


def _written(graph: onnx.GraphProto, bodies: list[onnx.GraphProto]) -> Iterator[str]:
    defaults = {value.name for value in graph.input}
    yield from (tensor.name for tensor in graph.initializer if tensor.name not in defaults)
    yield from (value.name for body in bodies for value in (*body.input, *body.initializer))
    for scope in (graph, *bodies):
        yield from (name for node in scope.node for name in node.output)
