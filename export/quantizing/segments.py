"""A frozen network as a chain of segments: the linear nodes between one population and the next."""

from dataclasses import dataclass

import nir

from export.errors import UnsupportedLayer
from export.graph_order import OrderedNode, in_order
from export.nir_metadata import FrozenFacts
from export.nir_neuron import DiscreteLIF, discrete_neuron

WEIGHTED = nir.Conv2d | nir.Affine | nir.Linear


@dataclass(frozen=True)
class Segment:
    """Linear nodes that turn one population's spikes (or the input) into the next one's current.

    Args:
        source: NIR node whose output enters: the input or a neuron.
        given: shape of that output.
        nodes: linear nodes in order.
        target: neuron that receives, or the last linear node, which becomes the readout.
        neuron: the receiving neuron; None for the readout.
        shape: of the receiving population.
    """

    source: str
    given: tuple[int, ...]
    nodes: tuple[OrderedNode, ...]
    target: str
    neuron: DiscreteLIF | None
    shape: tuple[int, ...]


def segments(graph: nir.NIRGraph, facts: FrozenFacts) -> tuple[Segment, ...]:
    """Cuts the graph at its neurons.

    Raises:
        UnsupportedLayer: it branches, holds no neuron, or a neuron or the output follows another
            neuron without weights in between.
        InvalidGraph: it contradicts itself.
    """
    nodes = in_order(graph)
    _refuse_branches(nodes)
    found: list[Segment] = []
    source, between = nodes[0], list[OrderedNode]()
    for node in nodes[1:]:
        if not node.fires and not isinstance(node.node, nir.Output):
            between.append(node)
            continue
        if not any(isinstance(linear.node, WEIGHTED) for linear in between):
            raise UnsupportedLayer(
                f"node '{node.name}': no weights between '{source.name}' and it. Put a "
                "convolution or linear layer before it."
            )
        found.append(
            Segment(
                source=source.name,
                given=source.shape,
                nodes=tuple(between),
                target=node.name if node.fires else between[-1].name,
                neuron=discrete_neuron(node.name, node.node, facts.dt_s) if node.fires else None,
                shape=node.shape,
            )
        )
        source, between = node, []
    if len(found) < 2:
        raise UnsupportedLayer(
            "network: it holds no neuron, so there is nothing a chip could spike. Put trainers.LIF "
            "after its first layer."
        )
    return tuple(found)


def _refuse_branches(nodes: tuple[OrderedNode, ...]) -> None:
    readers: dict[str, list[str]] = {}
    for node in nodes:
        for source in node.sources:
            readers.setdefault(source, []).append(node.name)
    for node in nodes:
        following = readers.get(node.name, [])
        if len(node.sources) > 1 or len(following) > 1:
            raise UnsupportedLayer(
                f"node '{node.name}': joins {len(node.sources)} inputs and feeds "
                f"{len(following)} nodes, but a netx file is one chain. Export this network to "
                "the targets nir and onnx only."
            )
