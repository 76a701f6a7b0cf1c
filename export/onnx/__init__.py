"""A frozen network as ONNX: model.onnx (a Scan over time) and model.step.onnx (one step).

model.int8.onnx is the Scan of another network: weights rounded to int8.
"""

from export.onnx.file import read_onnx, write_int8_onnx, write_onnx, write_step_onnx
from export.onnx.int8 import Int8Weights
from export.onnx.scan import build_scan
from export.onnx.spikes import with_spikes
from export.onnx.step import build_step

__all__ = [
    "Int8Weights",
    "build_scan",
    "build_step",
    "read_onnx",
    "with_spikes",
    "write_int8_onnx",
    "write_onnx",
    "write_step_onnx",
]
