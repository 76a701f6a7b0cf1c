"""model.onnx: a whole sequence in one call, time being an ONNX Scan."""

import nir
import numpy as np
import onnx
from onnx import helper

from export.graph_order import OrderedNode, in_order, independent_of_time
from export.nir_metadata import FrozenFacts, read_facts
from export.onnx.fragment import Fragment, batched
from export.onnx.model import make_model
from export.onnx.network import OUTPUT, emit_step
from export.onnx.neuron import next_state_name, state_name

States = dict[str, tuple[int, ...]]

TIME_STEPS = "time_steps"
STEP_INPUT = "input_step"


def build_scan(graph: nir.NIRGraph) -> onnx.ModelProto:
    """The network over all of its steps, with the readout applied.

    Static input: `input` [batch, *shape]; what comes before the first neuron is computed once,
    outside of the Scan. `time_steps` (int64 scalar) may be given to run another number of steps
    than the file's, unless the readout has weights for a fixed number.
    Sequence input: `input` [batch, time, *shape].
    Outputs: `logits` [batch, classes] and `outputs` [time, batch, classes].

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is too large for float32.
    """
    facts, nodes = read_facts(graph), in_order(graph)
    static = facts.input.form == "static"
    states: States = {node.name: node.shape for node in nodes if node.fires}
    main = Fragment()
    body = Fragment(constants=main.constants)
    unchanging = independent_of_time(nodes) - {nodes[-1].name} if static else frozenset[str]()
    entry = "input" if static else STEP_INPUT
    emit_step(nodes, facts.dt_s, entry, body, once=main, unchanging=unchanging)
    clock = _ticks(main, facts) if static else _frames(main, nodes[0])
    if states:
        main.compute("Shape", ["input"], "batch_size", start=0, end=1)
    starts = [_zeros(main, name, shape) for name, shape in states.items()]
    main.operators.append(
        helper.make_node(
            "Scan",
            [*starts, clock],
            [*(f"{state_name(name)}_end" for name in states), "outputs"],
            name="time",
            num_scan_inputs=1,
            body=_body_graph(body, nodes, states, static=static),
        )
    )
    _emit_readout(main, facts, rank=1 + len(nodes[-1].shape))
    return make_model(
        _main_graph(main, facts, nodes),
        facts,
        {state_name(name): shape for name, shape in states.items()},
    )


def _ticks(main: Fragment, facts: FrozenFacts) -> str:
    """A vector of T entries: a Scan takes its number of steps from what it scans."""
    main.integers(TIME_STEPS, facts.time_steps)
    one = main.integers("one_axis", [1])
    length = main.compute("Reshape", [TIME_STEPS, one], "time_shape")
    return main.compute("ConstantOfShape", [length], "ticks")


def _frames(main: Fragment, entry: OrderedNode) -> str:
    """The input with time in front."""
    rest = range(2, 2 + len(entry.shape))
    return main.compute("Transpose", ["input"], "frames", perm=[1, 0, *rest])


def _zeros(main: Fragment, name: str, shape: tuple[int, ...]) -> str:
    """Membranes before the first step."""
    sizes = main.integers(f"shape_{name}", list(shape))
    full = main.compute("Concat", ["batch_size", sizes], f"state_shape_{name}", axis=0)
    return main.compute("ConstantOfShape", [full], f"{state_name(name)}_start")


def _body_graph(
    body: Fragment, nodes: tuple[OrderedNode, ...], states: States, *, static: bool
) -> onnx.GraphProto:
    scanned = (
        helper.make_tensor_value_info("tick", onnx.TensorProto.FLOAT, [])
        if static
        else batched(STEP_INPUT, nodes[0].shape, leading=("batch",))
    )
    before = [batched(state_name(n), shape, leading=("batch",)) for n, shape in states.items()]
    after = [batched(next_state_name(n), shape, leading=("batch",)) for n, shape in states.items()]
    output = batched(OUTPUT, nodes[-1].shape, leading=("batch",))
    return helper.make_graph(body.operators, "one_step", [*before, scanned], [*after, output])


def _emit_readout(main: Fragment, facts: FrozenFacts, rank: int) -> None:
    weighted = "outputs"
    if facts.readout.weights is not None:
        column = np.reshape(facts.readout.weights, (-1, *(1,) * rank))
        weights = main.floats("readout_weights", column)
        weighted = main.compute("Mul", ["outputs", weights], "weighted_outputs")
    main.compute("ReduceMean", [weighted], "logits", axes=[0], keepdims=0)


def _main_graph(
    main: Fragment, facts: FrozenFacts, nodes: tuple[OrderedNode, ...]
) -> onnx.GraphProto:
    static = facts.input.form == "static"
    leading = ("batch",) if static else ("batch", "time")
    inputs = [batched("input", nodes[0].shape, leading=leading)]
    if static and facts.readout.weights is None:
        inputs.append(helper.make_tensor_value_info(TIME_STEPS, onnx.TensorProto.INT64, []))
    return helper.make_graph(
        main.operators,
        "spikeport_scan",
        inputs,
        [
            batched("logits", nodes[-1].shape, leading=("batch",)),
            batched("outputs", nodes[-1].shape, leading=("time", "batch")),
        ],
        initializer=list(main.constants.values()),
    )
