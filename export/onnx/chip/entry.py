"""How samples enter model.chip.onnx: `inputs` [batch, rows, *shape].

One row serves all steps, as for an image; otherwise there is one row per step.

| form | type | content |
|---|---|---|
| bias | int16 | bias mantissas |
| spikes | bool | spikes |
| graded | int32 | payloads |

A Scan takes its number of steps from what it scans: here the number of each step's row. They are
T, an int64 scalar `time_steps`, which is an input too and by default the graph's.
"""

import numpy as np
import onnx

from export.chip.graph import ChipGraph, InputForm
from export.chip.limits import STATE_SHIFT
from export.onnx.chip.fragment import IntegerFragment, declared
from export.onnx.chip.plan import Plan

INPUTS = "inputs"
ROWS = "rows"
TIME_STEPS = "time_steps"
ROW = "row"
BIASES = "biases"

INPUT_TYPES: dict[InputForm, type[np.generic]] = {
    "bias": np.int16,
    "spikes": np.bool_,
    "graded": np.int32,
}


def entry_infos(graph: ChipGraph, *, free_steps: bool) -> list[onnx.ValueInfoProto]:
    """The model's inputs; `time_steps` where T may be another than the graph's."""
    dtype = INPUT_TYPES[graph.input.form]
    inputs = [declared(INPUTS, dtype, ["batch", ROWS, *graph.input.shape])]
    if free_steps:
        inputs.append(declared(TIME_STEPS, np.int64, []))
    return inputs


def emit_rows(main: IntegerFragment, graph: ChipGraph) -> str:
    """Appends what comes before the Scan and returns what it scans: [T], a row for each step."""
    if graph.time_steps is not None:
        main.exactly(TIME_STEPS, np.array(graph.time_steps, np.int64))
    if graph.input.form == "bias":
        mantissas = main.cast(INPUTS, np.int32, "mantissas")
        shift = main.constant("bias_shift", 1 << STATE_SHIFT, np.int32)
        main.compute("Mul", [mantissas, shift], BIASES)
    first, one = main.integers("first_row", 0), main.integers("next_row", 1)
    given = main.compute("Shape", [INPUTS], "given_rows", start=1, end=2)
    beyond = main.compute("Squeeze", [given, main.integers("rows_axis", [0])], "beyond_rows")
    numbers = main.compute("Range", [first, beyond, one], "numbers")
    steps = main.compute("Reshape", [TIME_STEPS, main.integers("one_axis", [1])], "time_shape")
    # A number of rows that is neither 1 nor T fails in one of these two.
    spread = main.compute("Expand", [numbers, steps], "spread_rows")
    return main.compute("Reshape", [spread, steps], "step_rows")


def row_info() -> onnx.ValueInfoProto:
    """What a step gets of the scanned tensor."""
    return declared(ROW, np.int64, [])


def emit_entry(body: IntegerFragment, plan: Plan) -> str | None:
    """Appends what a step makes of its row; returns the biases where it holds some."""
    graph = plan.graph
    if graph.input.form == "bias":
        return body.compute("Gather", [BIASES, ROW], "biases_step", axis=1)
    sent = plan.local("sent", graph.input.name)
    if graph.input.form == "graded":
        body.compute("Gather", [INPUTS, ROW], sent, axis=1)
        return None
    fired = body.compute("Gather", [INPUTS, ROW], "fired", axis=1)
    body.cast(fired, np.uint8, sent)
    return None
