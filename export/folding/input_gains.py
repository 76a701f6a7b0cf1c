"""Input gains of neurons, such as 1 / tau, into the weights before, so that v <- beta v + x.

NIR's step is v <- beta v + g x with g = r dt / tau: r = tau / dt means no gain, r = 1 the gain
1 - beta of a neuron whose decay scales its current too (`decay_input`). With weights that feed this
neuron alone, W' = g W and the membrane stays; else the state is divided, v' = v / g, threshold and
reset with it.
"""

import nir
import numpy as np

from export.folding.graph_edit import replaced
from export.folding.neuron_state import changed, state_scaled, unit_resistance
from export.folding.reach import weights_of_its_own
from export.folding.weighted import output_scaled, outputs
from export.graph_order import in_order
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron


def fold_input_gains(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every neuron gets r = tau / dt (IF: 1 / dt); weights or thresholds take its gain.

    Raises:
        InvalidGraph: a gain isn't positive.
    """
    dt_s = read_facts(graph).dt_s
    graph = replaced(graph, {})
    for ordered in in_order(graph, unfolded=True, loops=True):
        if ordered.fires:
            discrete_neuron(ordered.name, ordered.node, dt_s)
            graph = _folded(graph, ordered.name, dt_s)
    return graph


def _folded(graph: nir.NIRGraph, name: str, dt_s: float) -> nir.NIRGraph:
    node = graph.nodes[name]
    resistance = unit_resistance(node, dt_s)
    gain = np.asarray(node.r, dtype=np.float64) / resistance
    if (gain == 1).all():
        return graph
    weights = weights_of_its_own(graph, name)
    if weights is None or (gain != gain.flat[0]).any():
        return replaced(graph, {name: changed(state_scaled(node, 1 / gain), r=resistance)})
    scaled = {
        source: output_scaled(
            graph.nodes[source], np.full(outputs(graph.nodes[source]), gain.flat[0])
        )
        for source in weights
    }
    return replaced(graph, {**scaled, name: changed(node, r=resistance)})
