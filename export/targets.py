"""Export targets: each writes one or more files of the run folder.

Some are written from the frozen network, the others from the chip graph it was quantised to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nir

from export.chip.check_graph import check_graph
from export.chip.chip_file import CHAIN_FILE, GRAPH_FILE, write_chip
from export.chip.graph import ChipGraph
from export.chip.netx_chain import netx_chain
from export.errors import InvalidGraph, UnsupportedLayer
from export.golden_spikes import GOLDEN_FILE
from export.moving_threshold import MovingThreshold, how_it_moves, moving_nodes
from export.nir_file import write_nir
from export.nir_metadata import read_facts
from export.onnx import write_int8_onnx, write_onnx, write_step_onnx
from export.onnx.chip import write_chip_onnx
from export.profiles import PROFILES
from export.reset_rules import refuse_other_resets
from export.schedule_file import SCHEDULE_FILE, write_schedule


def _takes_any(graph: nir.NIRGraph) -> None:
    """What a target refuses beyond thresholds shows when it is written."""


@dataclass(frozen=True)
class Target:
    """One row of the table of targets.

    Args:
        summary: one line for `spikeport list targets`.
        files: names of what it can leave in the run folder.
        write: writes into a folder, each file whole, and returns what it left there.
        quantised: it needs the chip graph, not only the frozen network.
        holds: thresholds it can hold: `constant` ones; also a `schedule`, one per step; or `any`,
            those that follow each neuron's own spikes too.
        golden: golden spikes go beside it, which `export.golden_spikes` writes of test samples.
        check: refuses, before anything is written, a network that it can't hold.
    """

    summary: str
    files: tuple[str, ...]
    write: Callable[[nir.NIRGraph, ChipGraph | None, Path], tuple[Path, ...]]
    quantised: bool = False
    holds: Literal["constant", "schedule", "any"] = "constant"
    golden: bool = False
    check: Callable[[nir.NIRGraph], object] = _takes_any

    def can_hold(self, moving: MovingThreshold) -> bool:
        """Whether a threshold that moves so can be written."""
        return self.holds == "any" or (self.holds == "schedule" and moving.adaptation is None)


def _nir(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    write_nir(graph, folder / "model.nir")
    return (folder / "model.nir",)


def _profile(name: str) -> Target:
    """The target that writes a profile's file."""
    profile = PROFILES[name]

    def write(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
        del chip
        write_nir(profile.encode(graph), folder / profile.file)
        return (folder / profile.file,)

    files = (profile.file, GOLDEN_FILE)
    return Target(profile.summary, files, write, golden=True, check=profile.encode)


def _onnx(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    return (
        *write_onnx(graph, folder / "model.onnx"),
        *write_step_onnx(graph, folder / "model.step.onnx"),
    )


def _int8_onnx(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    written, _ = write_int8_onnx(graph, folder / "model.int8.onnx")
    return written


def _schedule(graph: nir.NIRGraph, chip: ChipGraph | None, folder: Path) -> tuple[Path, ...]:
    del chip
    write_schedule(graph, folder / SCHEDULE_FILE)
    return (folder / SCHEDULE_FILE,)


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
    return write_chip_onnx(_quantised(chip, folder), folder / "model.chip.onnx")


def _quantised(chip: ChipGraph | None, path: Path) -> ChipGraph:
    if chip is None:
        raise InvalidGraph(
            f"{path}: a chip file holds a chip graph, and none was made. Quantize the network "
            "first."
        )
    return chip


TARGETS: dict[str, Target] = {
    "nir": Target(
        "NIR 1.0, portable encoding: Norse, snnTorch, SpikingJelly",
        ("model.nir", GOLDEN_FILE),
        _nir,
        golden=True,
    ),
    "nir-cuba": _profile("cuba"),
    "nir-physical": _profile("physical"),
    "nir-sinabs": _profile("sinabs"),
    "nir-rockpool": _profile("rockpool"),
    "nir-spyx": _profile("spyx"),
    "onnx": Target(
        "ONNX opset 17: a Scan over time and a step with explicit state",
        ("model.onnx", "model.onnx.data", "model.step.onnx", "model.step.onnx.data"),
        _onnx,
        holds="any",
    ),
    "onnx-int8": Target(
        "ONNX opset 17, weights rounded to int8 per output channel: a Scan of another network",
        ("model.int8.onnx", "model.int8.onnx.data"),
        _int8_onnx,
        holds="any",
    ),
    "schedule": Target(
        "the frozen network with thresholds that move, which NIR can't hold: emulator, verify",
        (SCHEDULE_FILE,),
        _schedule,
        holds="any",
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
        holds="schedule",
    ),
    "chip-onnx": Target(
        "ONNX opset 17: the chip's integers, a Scan that equals the emulator bit for bit",
        ("model.chip.onnx", "model.chip.onnx.data"),
        _chip_onnx,
        quantised=True,
    ),
}


def refuse_unfit_targets(graph: nir.NIRGraph, names: tuple[str, ...]) -> None:
    """Refuses targets that would run another network, before any of them is written.

    Raises:
        UnsupportedLayer: a threshold moves in a way that a target can't hold, or a NIR profile
            can't hold a node.
        InvalidGraph: as of the profiles.
    """
    refuse_other_resets(graph)
    for node, moving in moving_nodes(graph).items():
        for name in names:
            if not TARGETS[name].can_hold(moving):
                able = ", ".join(other for other, row in TARGETS.items() if row.can_hold(moving))
                raise UnsupportedLayer(
                    f"export target '{name}': {how_it_moves(read_facts(graph), node, moving)}, "
                    f"which this target can't hold. Export to targets {able} only."
                )
    for name in names:
        TARGETS[name].check(graph)
