"""A frozen network as ONNX: model.onnx (a Scan over time) and model.step.onnx (one step)."""

from export.onnx.file import read_onnx, write_onnx, write_step_onnx
from export.onnx.scan import build_scan
from export.onnx.spikes import with_spikes
from export.onnx.step import build_step

__all__ = ["build_scan", "build_step", "read_onnx", "with_spikes", "write_onnx", "write_step_onnx"]
