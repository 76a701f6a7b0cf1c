"""Networks of the own neurons of Sinabs, Rockpool and Spyx, in these tools: for interop.py.

They subtract the threshold, fire several times a step or lag by one, so the networks of
`benchmarks.interop_networks`, which reset to zero, mostly don't concern them. Here every network
comes with the reset rule of the tool's neuron, goes through its profile's file, and must give the
executor's spikes (Spyx: outputs, it shows no spikes) and outputs within 1e-9.
"""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from export.executor import run_graph
from export.nir_file import read_nir, write_nir
from export.profiles import PROFILES
from tests.importer_runs import TOOLS, ToolRun
from tests.random_frozen import DT, KINDS, inputs, lively

OWN: dict[str, tuple[str, ...]] = {
    "sinabs": ("subtract", "several", "several-conv-if", "several-recurrent"),
    "rockpool": ("subtract", "subtract-synapse", "several", "several-recurrent", "forgetting"),
    "spyx": ("later-lagging", "synapse-lagging", "forgetting", "one-step"),
}
"""Kinds of `tests.random_frozen` that each tool runs; its profile has the tool's name."""

FIRST_SEED = 1000


def own_outcomes(networks: int) -> tuple[Counter[tuple[str, str, str]], list[str]]:
    """Outcomes by tool and kind, and a line for each that differs.

    Args:
        networks: of each kind.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    faults: list[str] = []
    for tool, kinds in OWN.items():
        for kind in kinds:
            for seed in range(FIRST_SEED, FIRST_SEED + networks):
                outcome = _outcome(tool, kind, seed)
                counts[tool, kind, outcome] += 1
                if outcome != "identical":
                    faults.append(f"{kind} (seed {seed}), {tool}: {outcome}")
    return counts, faults


def _outcome(tool: str, kind: str, seed: int) -> str:
    graph = lively(KINDS[kind], seed)
    samples = inputs(graph)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.nir"
        write_nir(PROFILES[tool].encode(graph), path)
        found = TOOLS[tool](read_nir(path), np.moveaxis(samples, 1, 0), DT)
    expected = run_graph(graph, samples)
    alike = _same_spikes(found, expected.spikes)
    alike &= bool(np.allclose(found.outputs, expected.outputs, rtol=0, atol=1e-9))
    return "identical" if alike else "different"


def _same_spikes(found: ToolRun, expected: dict[str, np.ndarray]) -> bool:
    by_outer = {name.partition(".")[0]: spikes for name, spikes in expected.items()}
    return all(
        np.array_equal(fired, by_outer[name.partition(".")[0]])
        for name, fired in found.spikes.items()
    )
