"""model.step.onnx: one time step with the state in the caller's hands."""

import nir
import onnx
from onnx import helper

from export.graph_order import in_order
from export.nir_metadata import read_facts
from export.onnx.fragment import Fragment, batched
from export.onnx.model import make_model
from export.onnx.network import OUTPUT, emit_step
from export.onnx.neuron import next_state_name, state_name


def build_step(graph: nir.NIRGraph) -> onnx.ModelProto:
    """The network as one step, for streaming and for runtimes without control flow.

    Inputs: `input` [batch, *shape] and, per spiking node, `v_<node>` [batch, *shape], all zeros
    before the first step. Outputs: `output` [batch, classes] and `v_<node>_next`.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is too large for float32.
    """
    facts, nodes = read_facts(graph), in_order(graph)
    step = Fragment()
    emit_step(nodes, facts.dt_s, "input", step)
    states = {node.name: node.shape for node in nodes if node.fires}
    inputs = {"input": nodes[0].shape} | {state_name(n): shape for n, shape in states.items()}
    outputs = {OUTPUT: nodes[-1].shape} | {next_state_name(n): s for n, s in states.items()}
    body = helper.make_graph(
        step.operators,
        "spikeport_step",
        [batched(name, shape, leading=("batch",)) for name, shape in inputs.items()],
        [batched(name, shape, leading=("batch",)) for name, shape in outputs.items()],
        initializer=list(step.constants.values()),
    )
    return make_model(body, facts, {state_name(name): shape for name, shape in states.items()})
