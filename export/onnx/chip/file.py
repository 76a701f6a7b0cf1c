"""model.chip.onnx: written whole or not at all."""

from pathlib import Path

from export.chip.graph import ChipGraph
from export.onnx.chip.plan import ResetRule
from export.onnx.chip.scan import build_chip_scan
from export.onnx.file import write_model


def write_chip_onnx(
    graph: ChipGraph, path: str | Path, *, reset: ResetRule = "staggered", states: bool = False
) -> tuple[Path, ...]:
    """Writes the chip's integers as an ONNX file; see `export.onnx.chip.scan.build_chip_scan`.

    Args:
        graph: any chip graph.
        path: of the file.
        reset: what keeps samples apart; see `build_chip_scan`.
        states: return u and v of every population and step too.

    Returns:
        What was written; see `write_model`.

    Raises:
        InvalidGraph: the graph contradicts itself, or with reset `staggered` spikes of one sample
            would arrive in the window of another.
        LimitExceeded: a parameter lies outside what Lava holds unchanged.
        FileError: the folder can't be written to, or no space is left.
    """
    return write_model(build_chip_scan(graph, reset=reset, states=states), Path(path))
