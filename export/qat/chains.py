"""What feeds a population, in the form in which its integers can be trained.

Each way into a population is pooling and flattening, then one node with weights, or none:

    integers = weights * pooled(s_1 + s_2 + ...)

Ways through the same nodes share their weights, so their spikes are added first. On the chip
pooling is folded into the weights; where its windows don't overlap, the folded kernel repeats each
weight, so that rounding before or after is the same.
"""

from dataclasses import dataclass

import nir

from export.errors import InvalidGraph, UnsupportedLayer
from export.graph_order import OrderedNode
from export.quantizing import LayerQuantization, Quantization
from export.quantizing.afferents import WEIGHTED
from export.quantizing.segments import Path, Segment, paths
from export.quantizing.weight_grid import WEIGHT_BITS, WeightGrid
from export.window import pool_window

REMEDY = "Leave out [export.qat], or put a neuron in between"


@dataclass(frozen=True)
class Chain:
    """Ways into a population that differ in their source alone.

    Args:
        sources: populations or the input, whose spikes are added.
        given: shape of each.
        before: pooling and flattening.
        weighted: the node with weights; None for spikes that arrive bare.
        shape: of what the chain delivers.
        grid: integers that its weights can be.
    """

    sources: tuple[str, ...]
    given: tuple[int, ...]
    before: tuple[OrderedNode, ...]
    weighted: OrderedNode | None
    shape: tuple[int, ...]
    grid: WeightGrid


def chains(segment: Segment, quantised: Quantization) -> tuple[Chain, ...]:
    """The ways into a population that spikes or payloads feed, in computing order.

    Raises:
        UnsupportedLayer: a way isn't of that form, or the chip adds the weights of two.
        InvalidGraph: the integers belong to another network.
    """
    ways = paths(segment)
    grids = _grids(segment, quantised, len(ways))
    found: dict[tuple[object, ...], Chain] = {}
    for path, grid in zip(ways, grids, strict=True):
        key = (*(node.name for node in path.nodes), grid)
        sources = (*found[key].sources, path.source) if key in found else (path.source,)
        found[key] = _chain(path, sources, grid)
    return tuple(found.values())


def layer_of(segment: Segment, quantised: Quantization) -> LayerQuantization:
    """What rounding did to the population.

    Raises:
        InvalidGraph: the integers belong to another network.
    """
    for layer in quantised.layers:
        if layer.name == segment.target:
            return layer
    raise _another(segment)


def _grids(segment: Segment, quantised: Quantization, ways: int) -> list[WeightGrid]:
    layer = layer_of(segment, quantised)
    if layer.weight_bits is None or len(layer.weight_steps) > ways:
        raise _another(segment)
    if len(layer.weight_steps) < ways:
        raise UnsupportedLayer(
            f"node '{segment.target}': {ways} ways lead to it in {len(layer.weight_steps)} "
            "projections, and quantisation-aware fine-tuning can't train weights that the chip "
            f"adds up. {REMEDY} of two parallel ones."
        )
    coarsest = 1 << (9 - layer.weight_bits)
    return [
        WeightGrid(layer.weight_bits, (coarsest // step).bit_length() - 1)
        for step in layer.weight_steps
    ]


def _chain(path: Path, sources: tuple[str, ...], grid: WeightGrid) -> Chain:
    places = [k for k, node in enumerate(path.nodes) if isinstance(node.node, WEIGHTED)]
    if len(places) > 1:
        first, second = (path.nodes[place].name for place in places[:2])
        raise _refused(path, f"'{first}' and '{second}' with weights in a row")
    end = places[0] if places else len(path.nodes)
    before, behind = path.nodes[:end], path.nodes[end + 1 :]
    for node in behind:
        if not isinstance(node.node, nir.Flatten):
            raise _refused(path, f"'{node.name}' behind weights, which pools them")
    pools = [node for node in before if not isinstance(node.node, nir.Flatten)]
    for node in pools:
        _check_pool(path, node, alone=len(pools) == 1 and not places)
    weighted = path.nodes[end] if places else None
    if isinstance(getattr(weighted, "node", None), nir.Affine | nir.Linear):
        _check_flat(path, weighted)
    return Chain(sources, path.given, before, weighted, path.shape, grid)


def _check_pool(path: Path, node: OrderedNode, *, alone: bool) -> None:
    if not isinstance(node.node, nir.SumPool2d):
        raise _refused(path, f"'{node.name}' ({type(node.node).__name__})")
    window = pool_window(node.name, node.node)
    overlaps = any(window.kernel[axis] > window.stride[axis] for axis in (0, 1))
    if overlaps and not alone:
        raise _refused(path, f"'{node.name}', whose windows overlap and merge weights,")


def _check_flat(path: Path, node: OrderedNode | None) -> None:
    if node is not None and len(node.given) != 1:
        raise _refused(path, f"'{node.name}' on inputs of shape {node.given}")


def _refused(path: Path, what: str) -> UnsupportedLayer:
    return UnsupportedLayer(
        f"node '{path.target}': on its way from '{path.source}' stands {what}, and "
        f"quantisation-aware fine-tuning can't train that. {REMEDY}."
    )


def _another(segment: Segment) -> InvalidGraph:
    return InvalidGraph(
        f"node '{segment.target}': the integers don't describe its {WEIGHT_BITS}-bit or narrower "
        "weights, so they were made from another network. Quantise this graph."
    )
