"""Quantising: scales, composition of linear nodes, the chip graph, the host's encoder."""

from export.quantizing.host import encode, encode_counted
from export.quantizing.input_forms import INPUT_FORMS
from export.quantizing.layer import LayerQuantization
from export.quantizing.quantize import Quantization, quantization, quantize
from export.quantizing.rounded_run import RoundedRun, rounded_run
from export.quantizing.scale_searches import SCALE_SEARCHES

__all__ = [
    "INPUT_FORMS",
    "SCALE_SEARCHES",
    "LayerQuantization",
    "Quantization",
    "RoundedRun",
    "encode",
    "encode_counted",
    "quantization",
    "quantize",
    "rounded_run",
]
