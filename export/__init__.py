"""From a trained network to files that other tools and the chip run unchanged.

Names are imported on first use, so that a command that needs none of them starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.chip.chip_file import read_chip, write_chip
    from export.chip.graph import ChipGraph
    from export.chip.graph_file import read_graph_file, write_graph_file
    from export.chip.netx_read import read_netx, read_netx_reported
    from export.chip.netx_write import write_netx
    from export.freezing import finetuned, freeze
    from export.nir_file import read_nir, write_nir
    from export.onnx import write_onnx, write_step_onnx
    from export.onnx.chip import write_chip_onnx
    from export.quantizing import encode, quantize
    from export.schedule_file import read_frozen, read_schedule, write_schedule
    from export.targets import TARGETS

__all__ = [
    "TARGETS",
    "ChipGraph",
    "encode",
    "finetuned",
    "freeze",
    "quantize",
    "read_chip",
    "read_frozen",
    "read_graph_file",
    "read_netx",
    "read_netx_reported",
    "read_nir",
    "read_schedule",
    "write_chip",
    "write_chip_onnx",
    "write_graph_file",
    "write_netx",
    "write_nir",
    "write_onnx",
    "write_schedule",
    "write_step_onnx",
]

_HOMES = {
    "TARGETS": "export.targets",
    "ChipGraph": "export.chip.graph",
    "encode": "export.quantizing",
    "finetuned": "export.freezing",
    "freeze": "export.freezing",
    "quantize": "export.quantizing",
    "read_chip": "export.chip.chip_file",
    "read_frozen": "export.schedule_file",
    "read_graph_file": "export.chip.graph_file",
    "read_netx": "export.chip.netx_read",
    "read_netx_reported": "export.chip.netx_read",
    "read_nir": "export.nir_file",
    "read_schedule": "export.schedule_file",
    "write_chip": "export.chip.chip_file",
    "write_chip_onnx": "export.onnx.chip",
    "write_graph_file": "export.chip.graph_file",
    "write_netx": "export.chip.netx_write",
    "write_nir": "export.nir_file",
    "write_onnx": "export.onnx",
    "write_schedule": "export.schedule_file",
    "write_step_onnx": "export.onnx",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'export' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
