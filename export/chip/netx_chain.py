"""The one thing netx can express: a chain of layers, each fed by the one before it.

A dense layer may also feed itself (netx's `dense_rec`). Skips, branches, loops over several
populations, delays on convolutions, dense layers with a (C, H, W) shape and thresholds that change
from step to step have no spelling.
"""

from dataclasses import dataclass
from typing import NoReturn

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Population, Projection
from export.errors import UnsupportedLayer

REMEDY = "netx holds a plain chain only; export it with target chip, which writes a .chip.h5 file"


@dataclass(frozen=True)
class Link:
    """One layer of the chain.

    Args:
        population: the layer's neurons.
        incoming: synapses from the layer before; None for a bias-driven input population.
        recurrent: synapses from the layer onto itself, if any.
    """

    population: Population
    incoming: Projection | None
    recurrent: DenseProjection | None


def netx_chain(graph: ChipGraph) -> tuple[Link, ...]:
    """The graph's layers in netx's order.

    Raises:
        UnsupportedLayer: the graph isn't a chain, or holds a layer netx has no spelling for.
    """
    _refuse_schedules(graph)
    links: list[Link] = []
    node = graph.input.name
    if graph.input.form == "bias":
        _refuse_onto_input(graph)
        links.append(Link(graph.population(node), None, None))
    while (projection := _onward(graph, node)) is not None:
        link = _link(graph, projection)
        if any(link.population.name == earlier.population.name for earlier in links):
            _refuse(f"{label(projection)} closes a loop over several populations")
        links.append(link)
        node = link.population.name
    _refuse_leftovers(graph, links)
    _refuse_more_readouts(graph)
    return tuple(links)


def _onward(graph: ChipGraph, node: str) -> Projection | None:
    onward = [p for p in graph.outgoing(node) if p.target != node]
    if len(onward) > 1:
        targets = ", ".join(f"'{p.target}'" for p in onward)
        _refuse(f"'{node}' feeds {len(onward)} projections ({targets}), a branch or a skip")
    return onward[0] if onward else None


def _link(graph: ChipGraph, projection: Projection) -> Link:
    population = graph.population(projection.target)
    fed_by = [p for p in graph.incoming(population.name) if p.source != population.name]
    if len(fed_by) > 1:
        sources = ", ".join(f"'{p.source}'" for p in fed_by)
        _refuse(f"'{population.name}' receives from {len(fed_by)} projections ({sources}), a skip")
    if isinstance(projection, DenseProjection) and len(population.shape) != 1:
        _refuse(
            f"{label(projection)} is dense onto a population of shape {population.shape} (a "
            "pooling before a convolution met an odd size; images whose sides halve evenly, e.g. "
            "32x32, avoid that), and netx's dense layers are flat"
        )
    if isinstance(projection, ConvProjection) and projection.delay:
        _refuse(f"{label(projection)} is a convolution with a delay of {projection.delay}")
    return Link(population, projection, _recurrent(graph, population, projection))


def _recurrent(
    graph: ChipGraph, population: Population, incoming: Projection
) -> DenseProjection | None:
    loops = [p for p in graph.incoming(population.name) if p.source == population.name]
    if not loops:
        return None
    loop = loops[0]
    if len(loops) > 1:
        _refuse(f"'{population.name}' has {len(loops)} projections onto itself")
    if isinstance(loop, ConvProjection) or isinstance(incoming, ConvProjection):
        _refuse(f"{label(loop)}: only a dense layer can feed itself, through a dense matrix")
    if loop.delay is not None or incoming.delay is not None:
        _refuse(f"{label(loop)}: a layer that feeds itself can't have delays")
    return loop


def _refuse_schedules(graph: ChipGraph) -> None:
    for name in graph.scheduled:
        _refuse(f"'{name}' has another threshold at each step, and netx holds one per neuron")


def _refuse_onto_input(graph: ChipGraph) -> None:
    for projection in graph.incoming(graph.input.name):
        _refuse(f"{label(projection)} feeds the bias-driven input population")


def _refuse_leftovers(graph: ChipGraph, links: list[Link]) -> None:
    reached = {link.population.name for link in links}
    for population in graph.populations:
        if population.name not in reached:
            _refuse(f"'{population.name}' isn't fed by the chain that starts at the input")
    if not links or links[-1].incoming is None:
        _refuse(f"nothing receives the spikes of '{graph.input.name}'")


def _refuse_more_readouts(graph: ChipGraph) -> None:
    if len(graph.readouts) > 1:
        named = ", ".join(f"'{readout.population}'" for readout in graph.readouts)
        _refuse(f"{len(graph.readouts)} readouts ({named}), and a chain has one")


def _refuse(what: str) -> NoReturn:
    raise UnsupportedLayer(f"chip.net: {what}. {REMEDY}.")
