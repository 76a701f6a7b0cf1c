"""Quantising: scales, composition of linear nodes, the chip graph, the host's encoder."""

from export.quantizing.host import encode
from export.quantizing.quantize import LayerQuantization, quantize, quantize_layers

__all__ = ["LayerQuantization", "encode", "quantize", "quantize_layers"]
