"""Runs a network in a third-party importer; started by `hwsim.verify.isolated` in its own process.

Stand-alone: the interpreter holds the tool, torch, nir and numpy, and maybe nothing of the project.

    python -I worker.py FOLDER

takes FOLDER/subject.json (`importer`, `dt_s`, `time_steps`, `neurons`) and FOLDER/graph.nir. It
reads lines from stdin, each the name of a batch FOLDER/NAME.npz (`frames`, `membranes`), and
answers each with a line of JSON: {} when FOLDER/NAME.result.npz is whole (`outputs`, for neuron k
`spikes<k>` and, if asked for, `membranes<k>`), else `failure`, `not_installed` or `unwritten`. The
first answer is about importing the network. It ends when stdin does. What the tool prints goes to
stderr.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import IO, Any

Run = Callable[[str], None]


def bare_packages(package: Path) -> None:
    """Makes `hwsim.verify.importers` importable without running its parents' code."""
    for name, folder in (("hwsim", package), ("hwsim.verify", package / "verify")):
        parent = ModuleType(name)
        parent.__path__ = [str(folder)]
        sys.modules[name] = parent


def main(folder: Path) -> None:
    """Imports the network, then answers batch after batch."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        run: Run | None = None

        def load() -> None:
            nonlocal run
            run = _imported(folder)

        _tell(answers, load)
        for line in sys.stdin:
            if run is not None:
                _tell(answers, partial(run, line.strip()))


def _tell(answers: IO[str], action: Callable[[], None]) -> None:
    """Does it and says how it went."""
    from hwsim.verify.importers.faults import FOREIGN_FAULTS, fault_line

    answer: dict[str, str] = {}
    try:
        action()
    except ImportError as error:
        answer = {"not_installed": str(error)}
    except OSError as error:
        answer = {"unwritten": error.strerror or str(error)}
    except FOREIGN_FAULTS as error:
        answer = {"failure": fault_line(error)}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _imported(folder: Path) -> Run:
    """The network in its importer: takes the name of a batch and leaves its result."""
    import nir
    import numpy as np

    from hwsim.verify.importers.imported import Imported
    from hwsim.verify.importers.importer import contained
    from hwsim.verify.importers.table import IMPORTERS

    subject = json.loads((folder / "subject.json").read_text())
    importer = IMPORTERS[subject["importer"]]
    with contained(*importer.noise):
        graph = nir.read(folder / "graph.nir", type_check=False)
        imported = Imported(importer, graph, subject["dt_s"], subject["neurons"])

    def run(name: str) -> None:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as batch:
            frames, membranes = batch["frames"], bool(batch["membranes"])
        with contained(*importer.noise):
            outcome = imported.run(frames, subject["time_steps"], membranes=membranes)
        arrays: dict[str, Any] = {"outputs": outcome.outputs}
        for k, neuron in enumerate(subject["neurons"]):
            arrays[f"spikes{k}"] = outcome.spikes[neuron]
            if membranes:
                arrays[f"membranes{k}"] = outcome.membranes[neuron]
        np.savez(folder / f"{name}.result.npz", **arrays)

    return run


if __name__ == "__main__":
    bare_packages(Path(__file__).resolve().parents[1])
    main(Path(sys.argv[1]))
