"""How many stored synapses one spike hits: its synaptic operations."""

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, IntArray, Projection


def fan_out(graph: ChipGraph, projection: Projection) -> IntArray:
    """Synapses that a spike of each source neuron hits, weights of zero included.

    Dense: every target. Convolution: the output channels of the neuron's group, times the rows,
    times the columns of outputs whose kernel covers the neuron, so edges have fewer.

    Args:
        graph: holds both ends of the projection; their shapes must fit (see `check_graph`).
        projection: one of the graph's.

    Returns:
        int64, one entry per source neuron in (C, H, W) order.
    """
    source = graph.source_shape(projection.source)
    if isinstance(projection, DenseProjection):
        return np.full(int(np.prod(source)), projection.weight.shape[0], dtype=np.int64)
    target = graph.population(projection.target).shape
    rows, columns = (_outputs_covering(projection, axis, source, target) for axis in (0, 1))
    channels = projection.weight.shape[0] // projection.groups
    return np.tile(channels * np.outer(rows, columns).ravel(), source[0])


def synapses(graph: ChipGraph) -> int:
    """Stored synapses of the whole network."""
    return sum(int(fan_out(graph, projection).sum()) for projection in graph.projections)


def _outputs_covering(
    projection: ConvProjection, axis: int, source: tuple[int, ...], target: tuple[int, ...]
) -> IntArray:
    """Along one axis, for each source position, outputs whose kernel covers it."""
    outputs = np.arange(target[axis + 1]) * projection.stride[axis] - projection.padding[axis]
    taps = np.arange(projection.weight.shape[axis + 2]) * projection.dilation[axis]
    covered = np.add.outer(outputs, taps).ravel()
    size = source[axis + 1]
    inside = covered[(covered >= 0) & (covered < size)]
    return np.bincount(inside, minlength=size).astype(np.int64)
