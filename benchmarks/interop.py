"""Random networks in other people's tools: identical, rounding, refused or different.

    python benchmarks/interop.py [--networks 200] [--first 0]

Each network is written by the first profile that can hold it (portable, else cuba), read by each
tool's own importer, run in float64 where the tool can, and held to our executor, spike by spike in
every layer. A refusal counts as allowed only if `export.profiles.refusals` lists that tool with a
feature of that network; the others are printed and end the run with exit code 1, as does any
network that comes out different. Sinabs gets the file of its own profile, for the networks that it
takes; `benchmarks.interop_own_neurons` adds networks of Sinabs', Rockpool's and Spyx's own neurons.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.interop_networks import KINDS, Drawn, draw
from benchmarks.interop_own_neurons import own_outcomes
from benchmarks.interop_tools import TOOLS, Tool
from export.errors import LimitExceeded, UnsupportedLayer
from export.nir_file import read_nir, write_nir
from export.onnx import write_onnx, write_step_onnx
from export.profiles import PROFILES
from export.profiles.features import features
from export.profiles.refusals import excuses
from hwsim.errors import NotInstalled, RuntimeRefused
from hwsim.verify.reference import Judge
from hwsim.verify.runtime import Subject
from hwsim.verify.tally import Tally

RESULTS = Path("benchmarks/results/interop.json")
GENERAL = ("portable", "cuba")
OUTCOMES = ("identical", "rounding", "refused", "refused unlisted", "different", "no file")


def main() -> int:
    """Runs the networks, prints the tables; 1 if a claim doesn't hold."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first network")
    parser.add_argument("--own", type=int, default=10, help="of each kind for the own neurons")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    console = Console(width=110)
    counts: Counter[tuple[str, str, str]] = Counter()
    faults: list[str] = []
    portable: Counter[tuple[str, bool]] = Counter()
    kinds = list(KINDS)
    numbers = range(arguments.first, arguments.first + arguments.networks)
    for number in track(numbers, "networks", console=console):
        drawn = draw(kinds[number % len(kinds)], number)
        with tempfile.TemporaryDirectory() as folder:
            for tool, profile, outcome, note in outcomes(drawn, Path(folder)):
                counts[tool, drawn.kind, outcome] += 1
                if profile == "portable":
                    portable[tool, outcome in ("identical", "rounding")] += 1
                if outcome in ("refused unlisted", "different"):
                    faults.append(f"network {number} ({drawn.kind}), {tool}: {outcome}: {note}")
    own, different = own_outcomes(arguments.own)
    counts += own
    faults += different
    console.print(table(counts))
    for tool in TOOLS:
        alike, all_of_them = portable[tool, True], portable[tool, True] + portable[tool, False]
        if all_of_them:
            share = f"{alike} of {all_of_them} ({alike / all_of_them:.1%})"
            console.print(f"{tool}: of the networks in portable NIR, {share} run alike")
    for fault in faults:
        console.print(fault, highlight=False, markup=False)
    write(counts, arguments.networks, arguments.first)
    return 1 if faults else 0


def outcomes(drawn: Drawn, folder: Path) -> list[tuple[str, str, str, str]]:
    """(tool, profile, outcome, note) of every tool for one network."""
    files = {name: file for name in PROFILES if (file := written(drawn, name, folder)) is not None}
    general = next(profile for profile in GENERAL if profile in files)
    judged = Judged(drawn, files[general], files, folder)
    result = []
    for name, tool in TOOLS.items():
        profile = tool.profile or general
        if profile not in files:
            result.append((name, profile, "no file", ""))
            continue
        outcome, note = judged.outcome(name, tool)
        listed = excuses(tool.refusals, features(drawn.graph))
        if outcome == "refused" and not listed:
            outcome = "refused unlisted"
        result.append((name, profile, outcome, note))
    return result


def written(drawn: Drawn, profile: str, folder: Path) -> Path | None:
    """The profile's file of a network; None where the profile refuses it."""
    try:
        graph = PROFILES[profile].encode(drawn.graph)
    except (UnsupportedLayer, LimitExceeded):
        return None
    path = folder / f"{profile}.nir"
    write_nir(graph, path)
    return path


class Judged:
    """A network in its general file, and what our executor makes of it."""

    def __init__(self, drawn: Drawn, file: Path, files: Mapping[str, Path], folder: Path) -> None:
        graph = read_nir(file)
        write_onnx(graph, folder / "model.onnx")
        write_step_onnx(graph, folder / "model.step.onnx")
        onnx = (folder / "model.onnx", folder / "model.step.onnx")
        self._subject = Subject(graph, *onnx, files)
        self._drawn = drawn
        self._reference = Judge(self._subject).reference(drawn.inputs)
        self._labels = np.zeros(len(drawn.inputs), dtype=np.int64)

    def outcome(self, name: str, tool: Tool) -> tuple[str, str]:
        """Verdict and note of one tool."""
        tally = Tally(name, tool.runtime)
        try:
            ask = tool.runtime.open(self._subject)
            if ask is None:
                raise NotInstalled(f"{name}: reads no file of this network.")
            tally.add(self._reference, ask(self._drawn.inputs), self._labels)
        except RuntimeRefused as error:
            return "refused", str(error)
        row = tally.row()
        return row.verdict, row.note or str(row.case)


def table(counts: Mapping[tuple[str, str, str], int]) -> Table:
    """Outcomes by tool and kind of network."""
    shown = Table("tool", "networks", *OUTCOMES, box=None)
    for tool, kind in sorted({(tool, kind) for tool, kind, _ in counts}):
        row = [counts.get((tool, kind, outcome), 0) for outcome in OUTCOMES]
        shown.add_row(tool, kind, *(str(count) if count else "" for count in row))
    return shown


def write(counts: Mapping[tuple[str, str, str], int], networks: int, first: int) -> None:
    """Keeps the counts."""
    rows = [
        {"tool": tool, "kind": kind, "outcome": outcome, "networks": count}
        for (tool, kind, outcome), count in sorted(counts.items())
    ]
    RESULTS.write_text(
        json.dumps({"networks": networks, "first": first, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
