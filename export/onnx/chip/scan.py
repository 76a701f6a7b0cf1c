"""model.chip.onnx: the chip's integers over all steps in one call, time being an ONNX Scan."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from export.chip.graph import ChipGraph, Population
from export.chip.limits import STATE_SHIFT
from export.onnx.chip.entry import emit_entry, emit_rows, entry_infos, row_info
from export.onnx.chip.facts import chip_facts
from export.onnx.chip.fragment import IntegerFragment, declared
from export.onnx.chip.history import emit_history, emit_sent
from export.onnx.chip.limits import check_limits
from export.onnx.chip.neuron import Cell, emit_neuron
from export.onnx.chip.payloads import emit_payload_sums
from export.onnx.chip.plan import Plan, ResetRule, plan_of
from export.onnx.chip.reach import carries_payloads, largest_sum, reach_of
from export.onnx.chip.states import emit_start, state_info, states_of
from export.onnx.chip.synapses import Sums, emit_sums
from export.onnx.model import IR_VERSION, OPSET
from export.own_version import own_version


@dataclass(frozen=True)
class Seen:
    """A tensor of every step that the file returns, [time, batch, *shape]."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int, ...]

    def info(self, *leading: str) -> onnx.ValueInfoProto:
        """How a graph declares it."""
        return declared(self.name, self.dtype, [*leading, *self.shape])


def build_chip_scan(
    graph: ChipGraph, *, reset: ResetRule = "staggered", states: bool = False
) -> onnx.ModelProto:
    """The chip graph as integer operators; outputs are those of the emulator, bit for bit.

    Inputs: `inputs` and `time_steps`, see `export.onnx.chip.entry`. Outputs, all
    [time, batch, *shape]: `<population>.s` (bool) of every population and `<readout>.v` (int32)
    of every readout, with `states` `<population>.u` and `<population>.v` of all. Steps are those
    of each population's window with reset `staggered`, and the chip's own 1, 2, ... with `none`.

    Raises:
        InvalidGraph: the graph contradicts itself, or with reset `staggered` spikes of one sample
            would arrive in the window of another.
        LimitExceeded: a parameter lies outside what Lava holds unchanged.
    """
    plan = plan_of(graph, reset)
    check_limits(graph)
    seen = _seen(graph, states=states)
    main = IntegerFragment()
    rows = emit_rows(main, graph)
    body = _body(main, plan, seen)
    main.compute("Shape", ["inputs"], "batch_size", start=0, end=1)
    carried = states_of(plan)
    starts = [emit_start(main, state) for state in carried]
    ends = [*(state.end for state in carried), *(tensor.name for tensor in seen)]
    main.operators.append(
        helper.make_node("Scan", [*starts, rows], ends, name="time", num_scan_inputs=1, body=body)
    )
    free_steps = reset == "none" or all(readout.weights is None for readout in graph.readouts)
    return _model(
        helper.make_graph(
            main.operators,
            "spikeport_chip",
            entry_infos(graph, free_steps=free_steps),
            [tensor.info("time", "batch") for tensor in seen],
            initializer=list(main.constants.values()),
        ),
        plan,
    )


def _seen(graph: ChipGraph, *, states: bool) -> list[Seen]:
    read = {readout.population for readout in graph.readouts}
    seen = []
    for population in graph.populations:
        name, shape = population.name, population.shape
        seen.append(Seen(f"{name}.s", np.bool_, shape))
        if states:
            seen.append(Seen(f"{name}.u", np.int32, shape))
        if states or name in read:
            seen.append(Seen(f"{name}.v", np.int32, shape))
    return seen


def _body(main: IntegerFragment, plan: Plan, seen: list[Seen]) -> onnx.GraphProto:
    body = IntegerFragment(constants=main.constants)
    graph, wanted = plan.graph, {tensor.name for tensor in seen}
    given = emit_entry(body, plan)
    for name in plan.timing.order:
        population = graph.population(name)
        driven = graph.input.form == "bias" and graph.input.name == name
        bias = given if driven else _own_bias(body, plan, population)
        cell = Cell(body, plan, population, reach_of(population, largest_sum(graph, name)))
        u = emit_neuron(cell, _arriving(body, plan, population), bias)
        if u is not None:
            body.compute("Identity", [u], plan.local("u_next", name))
        if graph.outgoing(name):
            body.cast(f"{name}.s", np.uint8, plan.local("sent", name))
        _emit_seen(body, plan, name, u, wanted)
    for source in plan.history:
        emit_history(body, plan, source)
    carried = states_of(plan)
    return helper.make_graph(
        body.operators,
        "one_step",
        [*(state_info(state.before, state) for state in carried), row_info()],
        [
            *(state_info(state.after, state) for state in carried),
            *(tensor.info("batch") for tensor in seen),
        ],
    )


def _arriving(body: IntegerFragment, plan: Plan, population: Population) -> list[Sums]:
    graph, arriving = plan.graph, []
    for k, projection in enumerate(graph.projections):
        if projection.target != population.name:
            continue
        source, output = projection.source, f"sums_{k}"
        sent = emit_sent(body, plan, source, plan.lags(projection))
        if carries_payloads(graph, source):
            shape = graph.source_shape(source)
            sums = emit_payload_sums(body, projection, shape, population, sent, output)
        else:
            sums = emit_sums(body, projection, population, sent, output)
        arriving.append(sums)
    return arriving


def _own_bias(body: IntegerFragment, plan: Plan, population: Population) -> str | None:
    if not population.bias.any():
        return None
    name = plan.local("bias", population.name)
    return body.constant(name, population.bias << STATE_SHIFT, np.int32)


def _emit_seen(
    body: IntegerFragment, plan: Plan, name: str, u: str | None, wanted: set[str]
) -> None:
    after = plan.local("v_next", name)
    if f"{name}.v" in wanted:
        body.compute("Identity", [after], f"{name}.v")
    if f"{name}.u" in wanted and u is not None:
        body.compute("Identity", [u], f"{name}.u")
    elif f"{name}.u" in wanted:
        body.compute("Mul", [after, body.constant("rest", 0, np.int32)], f"{name}.u")


def _model(graph: onnx.GraphProto, plan: Plan) -> onnx.ModelProto:
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="spikeport",
        producer_version=own_version(),
    )
    helper.set_model_props(model, chip_facts(plan))
    return model
