"""model.chip.onnx in ONNX Runtime equals the emulator in every u, v and spike.

On the networks on which the emulator equals Lava, overflows of both kinds among them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import IntArray
from export.chip.netx_read import read_netx
from hwsim.engine.drive import ResetRule
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from tests.chip_onnx_run import run_chip_onnx
from tests.hwsim.test_emulator_equals_lava import CASES, Case


def rows_of(case_inputs: IntArray, trace: Trace) -> IntArray:
    """Inputs as the file takes them: one row for all steps or one each, silence at the end."""
    shape = trace.graph.input.shape
    if case_inputs.ndim == 1 + len(shape):
        return case_inputs[:, None]
    idle = np.zeros((len(case_inputs), trace.time_steps - case_inputs.shape[1], *shape), np.int64)
    return np.concatenate((case_inputs, idle), axis=1)


@pytest.mark.parametrize("make", [make for make in CASES if not isinstance(make().graph, str)])
def test_every_state_of_every_network(make: object, tmp_path: Path) -> None:
    """0 differing values, and what a case is meant to provoke happened."""
    assert callable(make)
    case: Case = make()
    reset: ResetRule = "none" if case.time_steps is None else "staggered"
    graph = replace(read_netx(case.file(tmp_path, "case")), time_steps=case.time_steps)
    trace = simulate(graph, case.inputs, reset=reset, steps=case.steps, record=True)
    rows = rows_of(case.inputs, trace)
    results = run_chip_onnx(graph, rows, trace.time_steps, reset=reset)
    for name in trace.populations:
        for key in "uvs":
            expected = trace.recordings[name][key].swapaxes(0, 1)
            assert np.array_equal(results[f"{name}.{key}"], expected), (name, key)
    for count in case.provokes:
        assert getattr(trace, count).sum() > 0
