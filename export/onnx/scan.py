"""model.onnx: a whole sequence in one call, time being an ONNX Scan."""

from collections.abc import Mapping

import nir
import numpy as np
import onnx
from onnx import helper

from export.graph_order import OrderedNode, in_order, independent_of_time
from export.moving_threshold import moving_thresholds
from export.nir_metadata import FrozenFacts, read_facts
from export.onnx.fragment import Fragment, batched
from export.onnx.int8 import Int8Weights
from export.onnx.model import make_model
from export.onnx.network import OUTPUT, Shapes, emit_step, states_of
from export.onnx.threshold import (
    Schedule,
    current_name,
    emit_schedules,
    scanned_name,
    schedules,
)

TIME_STEPS = "time_steps"
STEP_INPUT = "input_step"
NUMBERS = "step_numbers"


def build_scan(graph: nir.NIRGraph, *, int8: Int8Weights | None = None) -> onnx.ModelProto:
    """The network over all of its steps, with the readout applied.

    Static input: `input` [batch, *shape]; what comes before the first neuron is computed once,
    outside of the Scan. `time_steps` (int64 scalar) may be given to run another number of steps
    than the file's, unless the readout has weights for a fixed number.
    Sequence input: `input` [batch, time, *shape].
    Outputs: `logits` [batch, classes] and `outputs` [time, batch, classes].

    Thresholds that change from step to step are scanned beside the input; beyond the trained steps
    the last ones repeat. Thresholds that spikes raise are a state beside the membranes, and so is
    what an edge that closes a loop brings from the step before.

    Args:
        graph: a frozen network; nested graphs and loops are taken.
        int8: rounds the weights and keeps account of it; None leaves them in float32.

    Raises:
        UnsupportedLayer: a node of a kind ONNX isn't written for.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        LimitExceeded: a value is too large for float32.
    """
    facts, nodes = read_facts(graph), in_order(graph, loops=True)
    static = facts.input.form == "static"
    moving = moving_thresholds(facts)
    states = states_of(nodes, moving, facts.dt_s)
    main = Fragment(int8=int8)
    body = main.inside()
    unchanging = independent_of_time(nodes) - {nodes[-1].name} if static else frozenset[str]()
    entry = "input" if static else STEP_INPUT
    emit_step(nodes, facts.dt_s, entry, body, moving=moving, once=main, unchanging=unchanging)
    clock = _ticks(main, facts) if static else _frames(main, nodes[0])
    scheduled = schedules(nodes, facts.dt_s, moving)
    if scheduled:
        emit_schedules(main, scheduled, _numbers(main, clock), scanned_name)
    if states:
        main.compute("Shape", ["input"], "batch_size", start=0, end=1)
    starts = [_zeros(main, name, shape) for name, shape in states.items()]
    scanned = [clock, *map(scanned_name, scheduled)]
    main.operators.append(
        helper.make_node(
            "Scan",
            [*starts, *scanned],
            [*(f"{name}_end" for name in states), "outputs"],
            name="time",
            num_scan_inputs=len(scanned),
            body=_body_graph(body, nodes, states, scheduled, static=static),
        )
    )
    _emit_readout(main, facts, rank=1 + len(nodes[-1].shape))
    return main.filled(make_model(_main_graph(main, facts, nodes), facts, states, int8))


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


def _numbers(main: Fragment, clock: str) -> str:
    """0, 1, ... T - 1, as many as the clock has entries."""
    length = main.compute("Shape", [clock], "steps_shape", start=0, end=1)
    count = main.compute("Squeeze", [length], "steps_count")
    first, one = main.integers("first_step", 0), main.integers("one_step", 1)
    return main.compute("Range", [first, count, one], NUMBERS)


def _zeros(main: Fragment, name: str, shape: tuple[int, ...]) -> str:
    """A state before the first step."""
    sizes = main.integers(f"shape_{name}", list(shape))
    full = main.compute("Concat", ["batch_size", sizes], f"state_shape_{name}", axis=0)
    return main.compute("ConstantOfShape", [full], f"{name}_start")


def _body_graph(
    body: Fragment,
    nodes: tuple[OrderedNode, ...],
    states: Shapes,
    scheduled: Mapping[str, Schedule],
    *,
    static: bool,
) -> onnx.GraphProto:
    clock = (
        helper.make_tensor_value_info("tick", onnx.TensorProto.FLOAT, [])
        if static
        else batched(STEP_INPUT, nodes[0].shape, leading=("batch",))
    )
    thresholds = [
        batched(current_name(name), schedule.shape, leading=())
        for name, schedule in scheduled.items()
    ]
    before = [batched(name, shape, leading=("batch",)) for name, shape in states.items()]
    after = [batched(f"{name}_next", shape, leading=("batch",)) for name, shape in states.items()]
    output = batched(OUTPUT, nodes[-1].shape, leading=("batch",))
    return helper.make_graph(
        body.operators,
        "one_step",
        [*before, clock, *thresholds],
        [*after, output],
        initializer=list(body.own.values()),
    )


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
        main.nodes,
        "spikeport_scan",
        inputs,
        [
            batched("logits", nodes[-1].shape, leading=("batch",)),
            batched("outputs", nodes[-1].shape, leading=("time", "batch")),
        ],
        initializer=main.initializers,
    )
