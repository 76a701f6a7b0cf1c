"""model.chip.onnx in a runtime that we did not write."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from export.chip.graph import ChipGraph, IntArray
from export.onnx.chip import ResetRule, build_chip_scan
from tests.onnx_evaluators import in_onnxruntime

INPUT_TYPES = {"bias": np.int16, "spikes": np.bool_, "graded": np.int32}

Evaluate = Callable[[onnx.ModelProto, dict[str, Any]], dict[str, np.ndarray]]


def run_chip_onnx(
    graph: ChipGraph,
    rows: IntArray,
    steps: int,
    *,
    reset: ResetRule = "staggered",
    evaluate: Evaluate = in_onnxruntime,
) -> dict[str, np.ndarray]:
    """Outputs of the file with all states, [T, N, *shape]; `rows` is [N, 1 or T, *shape]."""
    model = build_chip_scan(graph, reset=reset, states=True)
    feeds: dict[str, Any] = {"inputs": rows.astype(INPUT_TYPES[graph.input.form])}
    if any(value.name == "time_steps" for value in model.graph.input):
        feeds["time_steps"] = np.array(steps, dtype=np.int64)
    return evaluate(model, feeds)
