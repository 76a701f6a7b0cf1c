"""A frozen network as profiles read it: flat, in computing order, its neurons at unit gain."""

from collections.abc import Mapping
from dataclasses import dataclass

import nir

from export.flattened import flattened
from export.folding.graph_edit import label
from export.graph_order import OrderedNode, in_order
from export.nested_population import INNER_NEURON, INNER_WEIGHTS
from export.nir_metadata import FrozenFacts, read_facts
from export.profiles.nesting import recurrent_weights
from export.profiles.neuron import Neuron, settled

NEURONS = (nir.LIF, nir.IF, nir.CubaLIF, nir.Threshold)


@dataclass(frozen=True)
class Writing:
    """A frozen network while a profile writes it.

    Args:
        graph: without nested graphs.
        facts: its own.
        nodes: in computing order.
        recurrent: neuron to recurrent weights, of those that become nested graphs.
        neurons: every population at unit gain.
    """

    graph: nir.NIRGraph
    facts: FrozenFacts
    nodes: tuple[OrderedNode, ...]
    recurrent: Mapping[str, str]
    neurons: Mapping[str, Neuron]

    def readers(self, name: str) -> tuple[OrderedNode, ...]:
        """Nodes that read this one, at this step or the next."""
        return tuple(node for node in self.nodes if name in node.sources + node.delayed)

    def where(self, name: str) -> str:
        """What a message calls a node."""
        return label(self.graph, name)


def opened(graph: nir.NIRGraph) -> Writing:
    """A frozen graph, read.

    Raises:
        InvalidGraph: it contradicts itself or lacks facts.
        UnsupportedLayer: a node of a kind that nothing here runs.
    """
    flat, facts = flattened(graph), read_facts(graph)
    nodes = in_order(flat, unfolded=True, loops=True)
    recurrent = recurrent_weights(nodes)
    neurons = {
        node.name: Neuron(
            label(flat, node.name),
            settled(node.name, node.node, facts.dt_s),
            facts.dt_s,
            node.name in recurrent,
            facts.resets.get(node.name, "zero"),
        )
        for node in nodes
        if isinstance(node.node, NEURONS)
    }
    return Writing(flat, facts, nodes, recurrent, neurons)


def renamed(writing: Writing, names: Mapping[str, str]) -> FrozenFacts:
    """The facts under the nodes' new names, nested ones as `export.flattened` calls them."""
    full = dict(names)
    for neuron, weights in writing.recurrent.items():
        full[neuron] = f"{names[neuron]}.{INNER_NEURON}"
        full[weights] = f"{names[neuron]}.{INNER_WEIGHTS}"
    update = {
        key: {full[name]: value for name, value in getattr(writing.facts, key).items()}
        for key in ("thresholds", "decay_4096", "modules", "resets")
    }
    return writing.facts.model_copy(update=update)
