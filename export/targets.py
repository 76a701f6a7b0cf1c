"""Export targets: each is a file of the run folder, written from the frozen network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nir

from export.chip.graph import ChipGraph
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph
from export.nir_file import write_nir
from export.onnx import write_onnx, write_step_onnx


@dataclass(frozen=True)
class Target:
    """One row of the table of targets.

    Args:
        summary: one line for `spikeport list targets`.
        files: what it leaves in the run folder, with the writer of each.
        quantised: it needs the chip graph, not only the frozen network.
    """

    summary: str
    files: dict[str, Callable[[nir.NIRGraph, ChipGraph | None, Path], None]]
    quantised: bool = False


def _nir(graph: nir.NIRGraph, chip: ChipGraph | None, path: Path) -> None:
    del chip
    write_nir(graph, path)


def _onnx(graph: nir.NIRGraph, chip: ChipGraph | None, path: Path) -> None:
    del chip
    write_onnx(graph, path)


def _step_onnx(graph: nir.NIRGraph, chip: ChipGraph | None, path: Path) -> None:
    del chip
    write_step_onnx(graph, path)


def _netx(graph: nir.NIRGraph, chip: ChipGraph | None, path: Path) -> None:
    del graph
    if chip is None:
        raise InvalidGraph(
            f"{path}: a netx file holds a chip graph, and none was made. Quantize the network "
            "first."
        )
    write_netx(chip, path)


TARGETS: dict[str, Target] = {
    "nir": Target("NIR 1.0, portable encoding: Norse, snnTorch, SpikingJelly", {"model.nir": _nir}),
    "onnx": Target(
        "ONNX opset 17: a Scan over time and a step with explicit state",
        {"model.onnx": _onnx, "model.step.onnx": _step_onnx},
    ),
    "netx": Target(
        "Lava's netx, 8-bit integers, for Loihi-style chips", {"chip.net": _netx}, quantised=True
    ),
}
