"""Quantising: scales, composition of linear nodes, the chip graph, the host's encoder."""

from export.quantizing.host import encode, encode_counted
from export.quantizing.input_forms import INPUT_FORMS
from export.quantizing.layer import LayerQuantization
from export.quantizing.quantize import Quantization, quantization, quantize

__all__ = [
    "INPUT_FORMS",
    "LayerQuantization",
    "Quantization",
    "encode",
    "encode_counted",
    "quantization",
    "quantize",
]
