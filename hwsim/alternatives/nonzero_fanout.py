"""How many synapses with a weight other than zero one spike hits."""

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, IntArray, Projection


def nonzero_fan_out(graph: ChipGraph, projection: Projection) -> IntArray:
    """Synapses of each source neuron whose weight isn't zero.

    A convolution is separable: with K[c, k, l] the non-zero weights from channel c at tap (k, l),
    and R[y, k] = 1 where some output row puts tap k on source row y (C likewise for columns),

        fan-out[c, y, x] = sum over k, l of K[c, k, l] * R[y, k] * C[x, l]

    so that taps which fall into the padding aren't counted.

    Returns:
        int64, one entry per source neuron in (C, H, W) order.
    """
    nonzero = np.asarray(projection.weight != 0)
    if isinstance(projection, DenseProjection):
        return np.asarray(nonzero.sum(axis=0), dtype=np.int64)
    source = graph.source_shape(projection.source)
    target = graph.population(projection.target).shape
    taps = _taps_per_channel(projection, source[0])
    rows, columns = (_covers(projection, axis, source, target) for axis in (0, 1))
    reached = np.einsum("ckl,yk,xl->cyx", taps, rows, columns, optimize=True)
    return np.asarray(reached.reshape(-1), dtype=np.int64)


def _taps_per_channel(projection: ConvProjection, channels: int) -> IntArray:
    """[I, kH, kW] non-zero weights from each source channel, over the outputs of its group."""
    outputs, inputs, *kernel = projection.weight.shape
    groups = projection.groups
    nonzero = (projection.weight != 0).reshape(groups, outputs // groups, inputs, *kernel)
    return np.asarray(nonzero.sum(axis=1).reshape(channels, *kernel), dtype=np.int64)


def _covers(
    projection: ConvProjection, axis: int, source: tuple[int, ...], target: tuple[int, ...]
) -> IntArray:
    """[source positions, taps] 1 where an output along this axis puts the tap on the position."""
    starts = np.arange(target[axis + 1]) * projection.stride[axis] - projection.padding[axis]
    taps = np.arange(projection.weight.shape[axis + 2])
    places = np.add.outer(starts, taps * projection.dilation[axis])
    covers = np.zeros((source[axis + 1], len(taps)), dtype=np.int64)
    inside = (places >= 0) & (places < source[axis + 1])
    covers[places[inside], np.broadcast_to(taps, places.shape)[inside]] = 1
    return covers
