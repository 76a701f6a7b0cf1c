"""A foreign network's decays on the chip's grid, n/4096, which freezing does for our own."""

import nir
import numpy as np

from export.chip.limits import DECAY_ONE
from export.importing.rebuilt import rebuilt
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron


def on_chip_grid(graph: nir.NIRGraph) -> tuple[nir.NIRGraph, float]:
    """The network with the nearest decays that the chip has; thresholds and input gains stay.

    Args:
        graph: frozen network with its facts; left as it was.

    Returns:
        The network, and the largest change of a decay.

    Raises:
        InvalidGraph: a neuron that can't be stepped.
    """
    dt_s, largest = read_facts(graph).dt_s, 0.0
    nodes = dict(graph.nodes)
    for name, node in graph.nodes.items():
        if not isinstance(node, nir.LIF):
            continue
        found = discrete_neuron(name, node, dt_s)
        steps = np.clip(np.round(found.decay * DECAY_ONE), 0, DECAY_ONE - 1)
        largest = max(largest, float(np.max(np.abs(steps / DECAY_ONE - found.decay))))
        tau = dt_s / (1 - steps / DECAY_ONE)
        nodes[name] = rebuilt(node, tau=tau, r=found.gain * tau / dt_s)
    edges = list(graph.edges)
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata, type_check=False), largest
