"""What cores take, counted synapse by synapse: slow, and without the placement's arithmetic."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from math import gcd, prod
from typing import NamedTuple

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, Projection
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.placement.grid import Grid
from hwsim.placement.placement import Placement


class Synapse(NamedTuple):
    """A stored weight: flat source and target, and for a convolution where its tap lies."""

    source: int
    target: int
    weight: int
    tap: tuple[int, int]


def synapses(graph: ChipGraph, projection: Projection) -> Iterator[Synapse]:
    """Every synapse within the maps, weights of zero included."""
    if not isinstance(projection, ConvProjection):
        for target, source in np.ndindex(projection.weight.shape):
            yield Synapse(source, target, int(projection.weight[target, source]), (0, 0))
        return
    _, height, width = graph.source_shape(projection.source)
    shape = graph.population(projection.target).shape
    outputs, inputs, *kernel = projection.weight.shape
    per_group = outputs // projection.groups
    for o, y, x in np.ndindex(*shape):
        for c, i, j in product(range(inputs), range(kernel[0]), range(kernel[1])):
            row = y * projection.stride[0] - projection.padding[0] + i * projection.dilation[0]
            column = x * projection.stride[1] - projection.padding[1] + j * projection.dilation[1]
            if 0 <= row < height and 0 <= column < width:
                channel = (o // per_group) * inputs + c
                source = (channel * height + row) * width + column
                target = (o * shape[1] + y) * shape[2] + x
                yield Synapse(source, target, int(projection.weight[o, c, i, j]), (i, j))


def bits_of_list(synapses: int, each: int) -> int:
    """One axon's synapse list, chunk after chunk."""
    bits = 0
    while synapses > 0:
        chunk = min(synapses, 64)
        words = 0
        while words * 64 < chunk * each + 10:
            words += 1
        bits += words * 64
        synapses -= chunk
    return bits


def weight_bits(weights: list[int], widths: tuple[int, ...]) -> int:
    """The smallest width, tried one after another."""
    step = 1
    while any(weights) and gcd(*weights) % (2 * step) == 0:
        step *= 2
    values = [weight // step for weight in weights]
    signed = min(values) < 0 < max(values)
    for width in range(1, 64):
        below = -(2**width) if signed else -(2**width) + 1
        if all(below <= value < 2**width for value in values):
            fitting = [known for known in sorted(widths) if known >= width + signed]
            return fitting[0] if fitting else width + signed
    raise AssertionError(values)


def index_bits(targets: int) -> int:
    """The narrowest of the chip's index widths that tells the targets apart."""
    known: tuple[int, ...] = (0, *range(6, 64))
    return next(width for width in known if 1 << width >= targets)


def core_of(grid: Grid) -> list[int]:
    """Core of each neuron in C, H, W order."""
    found = np.full(grid.shape, -1)
    for core, block in enumerate(grid.blocks()):
        assert (found[block] == -1).all(), "two cores hold a neuron"
        found[block] = core
    assert (found >= 0).all(), "no core holds a neuron"
    return [int(core) for core in found.ravel()]


def uses_by_hand(graph: ChipGraph, placement: Placement, chip: Chip) -> dict[str, list[int]]:
    """Use -> what each core takes."""
    first = dict(zip(placement.populations, map(int, placement.first_core), strict=True))
    grids = dict(zip(placement.populations, placement.grids, strict=True))
    taken = {
        use: [0] * placement.cores_used
        for use in ("neurons", "input_axons", "output_axons", "synaptic_memory_bits")
    }
    for name, grid in grids.items():
        for core in core_of(grid):
            taken["neurons"][first[name] + core] += 1
    for projection, form in zip(graph.projections, placement.formats, strict=True):
        here = core_of(grids[projection.target])
        sizes = [here.count(core) for core in range(grids[projection.target].cores)]
        there = core_of(grids[projection.source]) if projection.source in grids else None
        axons, lists = _stored(graph, projection, form, here)
        each = weight_bits(projection.weight.ravel().tolist(), chip.synapses.weight_bits.value)
        if projection.delay is not None and np.any(projection.delay):
            each += chip.synapses.delay_bits.value
        for core, lengths in lists.items():
            index = 0 if form == "dense" else index_bits(sizes[core])
            stored = [sizes[core]] * len(lengths) if form == "dense" else lengths
            taken["synaptic_memory_bits"][first[projection.target] + core] += sum(
                bits_of_list(length, each + index) for length in stored
            )
        for core, sources in axons.items():
            taken["input_axons"][first[projection.target] + core] += len(sources)
            if there is None:
                continue
            for axon in {(there[s], axon) for axon, members in sources.items() for s in members}:
                taken["output_axons"][first[projection.source] + axon[0]] += 1
    return taken


def _stored(
    graph: ChipGraph, projection: Projection, form: SynapseFormat, core: list[int]
) -> tuple[dict[int, dict[int, set[int]]], dict[int, list[int]]]:
    """Per core of the target: source neurons behind each axon, and lengths of synapse lists."""
    axons: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    per_source: dict[tuple[int, int], list[Synapse]] = defaultdict(list)
    pixels = prod(graph.source_shape(projection.source)[1:])
    for synapse in synapses(graph, projection):
        if form == "conv" or synapse.weight != 0:
            axon = synapse.source % pixels if form == "conv" else synapse.source
            axons[core[synapse.target]][axon].add(synapse.source)
            per_source[core[synapse.target], synapse.source].append(synapse)
    lists: dict[int, list[int]] = defaultdict(list)
    kernels = set()
    for (at, source), hit in per_source.items():
        kernel = at, source // pixels, frozenset(synapse.tap for synapse in hit)
        if form != "conv" or kernel not in kernels:
            lists[at].append(len(hit))
        kernels.add(kernel)
    return axons, lists
