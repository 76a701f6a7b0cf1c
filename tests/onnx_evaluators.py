"""Two judges of ONNX models that we did not write."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

ERRORS_ONLY = 3


def in_onnxruntime(model: onnx.ModelProto, feeds: dict[str, Any]) -> dict[str, np.ndarray]:
    """Runs a model in ONNX Runtime; outputs by name."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))


def in_reference(model: onnx.ModelProto, feeds: dict[str, Any]) -> dict[str, np.ndarray]:
    """Runs a model in ONNX's own reference evaluator; outputs by name."""
    names = [output.name for output in model.graph.output]
    return dict(zip(names, ReferenceEvaluator(model).run(None, feeds), strict=True))
