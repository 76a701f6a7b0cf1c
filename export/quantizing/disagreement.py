"""How far the rounded network's spikes are from the float network's, layer by layer.

Each network feeds itself, so a layer's share holds what the layers before it spoilt.
"""

from collections.abc import Mapping
from typing import Any

import nir
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from export.executor import run_graph
from export.quantizing.rounded_run import rounded_run
from export.window import Pair

BATCH = 32
"""Samples whose spikes in both networks are held at once."""


def spike_disagreement(
    graph: nir.NIRGraph, synchronous: ChipGraph, samples: NDArray[Any], live: Mapping[str, Pair]
) -> dict[str, float]:
    """Spikes that only one of the two networks fired, as a share of those that either fired.

    Args:
        graph: frozen network.
        synchronous: its integers before balancing.
        samples: as the network takes them.
        live: rows and columns, from the first, of populations whose other neurons are silenced.

    Returns:
        A share per population that fires, 0 where neither network fired at all.
    """
    apart: dict[str, int] = {}
    either: dict[str, int] = {}
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        float_spikes = run_graph(graph, batch).spikes
        for name, spikes in rounded_run(graph, synchronous, batch).spikes.items():
            read: Any = (..., *(slice(extent) for extent in live.get(name, ())))
            expected, found = float_spikes[name][read], spikes[read]
            apart[name] = apart.get(name, 0) + int((found != expected).sum())
            either[name] = either.get(name, 0) + int((found | expected).sum())
    return {name: apart[name] / max(1, either[name]) for name in apart}
