"""The files of a run folder that each command reads, opened safely before it does."""

from collections.abc import Mapping
from types import MappingProxyType

from hwsim.foreign.opening import all_opened_safely
from hwsim.pipeline.run_folder import RunFolder

READ_BY: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "simulate": {"chip": "chip", "samples": "npz-rows"},
        "report": {"trace": "npz", "chip": "chip", "samples": "npz-rows", "diagnostics": "npz"},
        "verify": {
            "frozen": "nir",
            "samples": "npz",
            "onnx": "onnx",
            "step_onnx": "onnx",
            "chip": "chip",
            "chip_onnx": "onnx",
        },
    }
)
"""Command to names in the run folder and kinds of file."""


def run_opened_safely(folder: RunFolder, command: str) -> None:
    """Has what the command reads opened in a child process, where it isn't this installation's own.

    Raises:
        FileError: reading a file crashed, took more memory or time than it may, or it is damaged.
        SpikeportError: whatever else its reader refuses it with.
    """
    openings = []
    for name, kind in READ_BY[command].items():
        path = getattr(folder, name)
        openings.append((path, "schedule" if path == folder.schedule else kind))
    all_opened_safely(openings)
