"""model.step.onnx: one time step with the state in the caller's hands."""

import nir
import onnx
from onnx import helper

from export.graph_order import in_order
from export.moving_threshold import moving_thresholds
from export.nir_metadata import read_facts
from export.onnx.fragment import Fragment, batched
from export.onnx.model import make_model
from export.onnx.network import OUTPUT, emit_step, states_of
from export.onnx.threshold import STEP, emit_schedules, schedules


def build_step(graph: nir.NIRGraph) -> onnx.ModelProto:
    """The network as one step, for streaming and for runtimes without control flow.

    Inputs: `input` [batch, *shape] and, per spiking node, `v_<node>` [batch, *shape], all zeros
    before the first step. Outputs: `output` [batch, classes] and `v_<node>_next`.

    Where thresholds change from step to step, input `step` (int64 scalar) says which one it is,
    counted from 0; beyond the trained steps the last one's thresholds repeat. Where spikes raise
    thresholds, `a_<node>` and `a_<node>_next` are a state like `v_<node>`; so are `i_<node>` where
    inputs last longer than their step, and `prev_<node>` where an edge closes a loop.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is too large for float32.
    """
    facts, nodes = read_facts(graph), in_order(graph, loops=True)
    moving = moving_thresholds(facts)
    step = Fragment()
    scheduled = schedules(nodes, facts.dt_s, moving)
    if scheduled:
        emit_schedules(step, scheduled, STEP)
    emit_step(nodes, facts.dt_s, "input", step, moving=moving)
    states = states_of(nodes, moving, facts.dt_s)
    inputs = [
        batched(n, s, leading=("batch",)) for n, s in ({"input": nodes[0].shape} | states).items()
    ]
    if scheduled:
        inputs.append(helper.make_tensor_value_info(STEP, onnx.TensorProto.INT64, []))
    outputs = {OUTPUT: nodes[-1].shape} | {f"{name}_next": shape for name, shape in states.items()}
    body = helper.make_graph(
        step.nodes,
        "spikeport_step",
        inputs,
        [batched(name, shape, leading=("batch",)) for name, shape in outputs.items()],
        initializer=step.initializers,
    )
    return step.filled(make_model(body, facts, states))
