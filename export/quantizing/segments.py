"""A frozen network cut at its neurons: each population with the linear nodes that feed it.

Several edges into a node are a sum. Where spikes themselves are summed (SEW-ADD), the nodes behind
the sum belong to a way from each of the summed populations; where currents are summed before a
neuron, each summand brings ways of its own. An edge from neuron to neuron is an identity.
"""

from dataclasses import dataclass

import nir

from export.errors import LimitExceeded, UnsupportedLayer
from export.graph_order import OrderedNode, in_order
from export.moving_threshold import how_it_moves, moving_threshold
from export.nir_metadata import FrozenFacts
from export.nir_neuron import DiscreteLIF, discrete_neuron

MAX_PATHS = 1024
"""Ways into one population; sums of sums can multiply them without end."""


@dataclass(frozen=True)
class Segment:
    """One population and all linear nodes between it and the populations (or input) behind them.

    Args:
        sources: input and neurons whose outputs enter, in computing order.
        nodes: linear nodes in computing order.
        entering: sources or nodes whose outputs are summed into the population's current.
        target: neuron that receives; for the readout the last linear node, or the output node
            where a sum or bare spikes reach it.
        neuron: the receiving neuron; None for the readout.
        shape: of the receiving population.
        factors: on the neuron's threshold, of each time step; None where it is a constant.
    """

    sources: tuple[OrderedNode, ...]
    nodes: tuple[OrderedNode, ...]
    entering: tuple[str, ...]
    target: str
    neuron: DiscreteLIF | None
    shape: tuple[int, ...]
    factors: tuple[float, ...] | None = None

    @property
    def takes_input(self) -> bool:
        """Whether the network's input is among its sources."""
        return any(isinstance(source.node, nir.Input) for source in self.sources)

    @property
    def source(self) -> str:
        """Its only source.

        Raises:
            UnsupportedLayer: it has several.
        """
        return self._only_source().name

    @property
    def given(self) -> tuple[int, ...]:
        """Shape of its only source.

        Raises:
            UnsupportedLayer: it has several.
        """
        return self._only_source().shape

    def _only_source(self) -> OrderedNode:
        if len(self.sources) > 1:
            raise UnsupportedLayer(
                f"node '{self.target}': it takes '{self.sources[0].name}' and "
                f"'{self.sources[1].name}' where only one source is possible. Put a neuron "
                "between them."
            )
        return self.sources[0]


@dataclass(frozen=True)
class Path:
    """One way through a segment.

    Args:
        source: input or neuron whose output enters.
        given: shape of that output.
        nodes: linear nodes in order; none for an identity.
        target: population that receives.
        shape: of that population.
    """

    source: str
    given: tuple[int, ...]
    nodes: tuple[OrderedNode, ...]
    target: str
    shape: tuple[int, ...]


def segments(graph: nir.NIRGraph, facts: FrozenFacts) -> tuple[Segment, ...]:
    """Cuts the graph at its neurons, in computing order; the readout comes last.

    Raises:
        UnsupportedLayer: it holds no neuron, or one whose threshold follows its own spikes.
        InvalidGraph: it contradicts itself.
    """
    nodes = in_order(graph)
    found = [_neuron_segment(nodes, node, facts) for node in nodes if node.fires]
    if not found:
        raise UnsupportedLayer(
            "network: it holds no neuron, so there is nothing a chip could spike. Put trainers.LIF "
            "after its first layer."
        )
    return (*found, _readout_segment(nodes))


def paths(segment: Segment) -> tuple[Path, ...]:
    """Every way from a source to the population, in computing order.

    Raises:
        LimitExceeded: there are more than 1024.
    """
    ways: dict[str, list[Path]] = {
        source.name: [Path(source.name, source.shape, (), segment.target, segment.shape)]
        for source in segment.sources
    }
    for node in segment.nodes:
        ways[node.name] = [
            Path(way.source, way.given, (*way.nodes, node), way.target, way.shape)
            for source in node.sources
            for way in ways[source]
        ]
        if len(ways[node.name]) > MAX_PATHS:
            raise LimitExceeded(
                f"node '{node.name}': {len(ways[node.name])} ways lead to it through sums of sums, "
                f"more than {MAX_PATHS}. Put neurons between the sums."
            )
    return tuple(way for name in segment.entering for way in ways[name])


def only_path(segment: Segment) -> Path:
    """The one way through a segment.

    Raises:
        UnsupportedLayer: there are several.
    """
    found = paths(segment)
    if len(found) > 1:
        raise UnsupportedLayer(
            f"node '{segment.target}': {len(found)} ways lead to it from '{found[0].source}' and "
            "others, where only one is possible. Put a neuron behind one of them."
        )
    return found[0]


def _neuron_segment(
    nodes: tuple[OrderedNode, ...], node: OrderedNode, facts: FrozenFacts
) -> Segment:
    sources, between = _behind(nodes, node)
    neuron = discrete_neuron(node.name, node.node, facts.dt_s)
    if neuron.has_synapse:
        raise UnsupportedLayer(
            f"node '{node.name}': its synapses decay ({type(node.node).__name__}, tau_syn longer "
            "than dt), which the quantised network doesn't have. Use LIF, or tau_syn = dt."
        )
    factors = _factors(facts, node.name)
    return Segment(sources, between, node.sources, node.name, neuron, node.shape, factors)


def _factors(facts: FrozenFacts, node: str) -> tuple[float, ...] | None:
    moving = moving_threshold(facts, node)
    if moving is None:
        return None
    if moving.adaptation is not None:
        raise UnsupportedLayer(
            f"{how_it_moves(facts, node, moving)}, which neither the chip nor its emulator (target "
            "chip) holds. Export to targets schedule and onnx only."
        )
    return tuple(moving.factors_over(facts.time_steps).tolist())


def _readout_segment(nodes: tuple[OrderedNode, ...]) -> Segment:
    output = nodes[-1]
    sources, between = _behind(nodes, output)
    alone = [node.name for node in between if output.sources == (node.name,)]
    return Segment(sources, between, output.sources, (*alone, output.name)[0], None, output.shape)


def _behind(
    nodes: tuple[OrderedNode, ...], end: OrderedNode
) -> tuple[tuple[OrderedNode, ...], tuple[OrderedNode, ...]]:
    """Sources and linear nodes on the ways to a node."""
    reached = set(end.sources)
    sources: list[OrderedNode] = []
    between: list[OrderedNode] = []
    for node in reversed(nodes):
        if node.name not in reached:
            continue
        if node.fires or isinstance(node.node, nir.Input):
            sources.append(node)
        else:
            between.append(node)
            reached.update(node.sources)
    return tuple(reversed(sources)), tuple(reversed(between))
