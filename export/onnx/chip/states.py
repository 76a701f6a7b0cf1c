"""What a chip's Scan carries from step to step: currents, voltages and spikes under way."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from export.onnx.chip.fragment import IntegerFragment, declared
from export.onnx.chip.neuron import remembers_current
from export.onnx.chip.plan import Plan
from export.onnx.chip.reach import carries_payloads


@dataclass(frozen=True)
class State:
    """One tensor that starts at 0.

    Args:
        before: its name entering a step.
        after: its name leaving it.
        dtype: of its integers.
        shape: for one sample.
    """

    before: str
    after: str
    dtype: type[np.generic]
    shape: tuple[int, ...]

    @property
    def end(self) -> str:
        """Its name after the last step."""
        return f"{self.before}_end"


def states_of(plan: Plan) -> list[State]:
    """Every state of a plan; a current that a step forgets isn't one."""
    graph = plan.graph
    states = []
    for population in graph.populations:
        name, shape = population.name, population.shape
        if remembers_current(population) and graph.incoming(name):
            states.append(State(plan.local("u", name), plan.local("u_next", name), np.int32, shape))
        states.append(State(plan.local("v", name), plan.local("v_next", name), np.int32, shape))
    for source, steps in plan.history.items():
        dtype = np.int32 if carries_payloads(graph, source) else np.uint8
        shape = (steps, *graph.source_shape(source))
        before, after = plan.local("history", source), plan.local("history_next", source)
        states.append(State(before, after, dtype, shape))
    return states


def emit_start(main: IntegerFragment, state: State) -> str:
    """Zeros for the whole batch."""
    sizes = main.integers(f"{state.before}_shape", list(state.shape))
    full = main.compute("Concat", ["batch_size", sizes], f"{state.before}_full", axis=0)
    zero = numpy_helper.from_array(np.zeros(1, state.dtype))
    return main.compute("ConstantOfShape", [full], f"{state.before}_start", value=zero)


def state_info(name: str, state: State) -> onnx.ValueInfoProto:
    """How a step declares it."""
    return declared(name, state.dtype, ["batch", *state.shape])
