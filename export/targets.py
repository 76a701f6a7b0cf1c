"""Export targets: each writes one or more files of the run folder.

Some are written from the frozen network, the others from the chip graph it was quantised to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nir

from export.chip.check_graph import check_graph
from export.chip.chip_file import CHAIN_FILE, GRAPH_FILE, write_chip
from export.chip.graph import ChipGraph
from export.chip.netx_chain import netx_chain
from export.errors import InvalidGraph
from export.nir_file import write_nir
from export.onnx import write_onnx, write_step_onnx
from export.onnx.chip import write_chip_onnx


@dataclass(frozen=True)
class Target:
    """One row of the table of targets.

    Args:
        summary: one line for `spikeport list targets`.
        files: names of what it can leave in the run folder.
        write: writes into a folder, each file whole, and returns what it left there.
        quantised: it needs the chip graph, not only the frozen network.
    """

    summary: str
    files: tuple[str, ...]
    write: Callable[[nir.NIRGraph, ChipGraph | None, Path], tuple[Path, ...]]
    quantised: bool = False


def _nir(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    write_nir(graph, folder / "model.nir")
    return (folder / "model.nir",)


def _onnx(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    write_onnx(graph, folder / "model.onnx")
    write_step_onnx(graph, folder / "model.step.onnx")
    return folder / "model.onnx", folder / "model.step.onnx"


def _netx(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del graph
    quantised = _quantised(chip, folder)
    check_graph(quantised)
    netx_chain(quantised)  # refuses by name what isn't a chain
    return (write_chip(quantised, folder),)


def _chip(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del graph
    return (write_chip(_quantised(chip, folder), folder),)


def _chip_onnx(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del graph
    write_chip_onnx(_quantised(chip, folder), folder / "model.chip.onnx")
    return (folder / "model.chip.onnx",)


def _quantised(chip: ChipGraph | None, path: Path) -> ChipGraph:
    if chip is None:
        raise InvalidGraph(
            f"{path}: a chip file holds a chip graph, and none was made. Quantize the network "
            "first."
        )
    return chip


TARGETS: dict[str, Target] = {
    "nir": Target(
        "NIR 1.0, portable encoding: Norse, snnTorch, SpikingJelly", ("model.nir",), _nir
    ),
    "onnx": Target(
        "ONNX opset 17: a Scan over time and a step with explicit state",
        ("model.onnx", "model.step.onnx"),
        _onnx,
    ),
    "netx": Target(
        "Lava's netx, 8-bit integers, for Loihi-style chips: chains only",
        (CHAIN_FILE,),
        _netx,
        quantised=True,
    ),
    "chip": Target(
        f"{CHAIN_FILE} (netx) for a chain, {GRAPH_FILE} for any other chip graph",
        (CHAIN_FILE, GRAPH_FILE),
        _chip,
        quantised=True,
    ),
    "chip-onnx": Target(
        "ONNX opset 17: the chip's integers, a Scan that equals the emulator bit for bit",
        ("model.chip.onnx",),
        _chip_onnx,
        quantised=True,
    ),
}
