"""How many synapses with a weight other than zero one spike hits."""

from export.chip.graph import ChipGraph, DenseProjection, IntArray, Projection
from hwsim.events.conv_reach import written_out
from hwsim.events.dense_reach import dense_reach
from hwsim.placement.grid import Grid


def nonzero_fan_out(graph: ChipGraph, projection: Projection, delay: int | None = None) -> IntArray:
    """Synapses of each source neuron whose weight isn't zero: its reach onto one whole core.

    Taps of a convolution that fall into the padding aren't counted.

    Args:
        graph: holds both ends of the projection.
        projection: one of the graph's.
        delay: of the synapses meant, in extra steps; None for all of them.

    Returns:
        int64, one entry per source neuron in (C, H, W) order.
    """
    shape = graph.population(projection.target).shape
    whole = Grid.even(shape, (1,) * len(shape))
    source = graph.source_shape(projection.source)
    if isinstance(projection, DenseProjection):
        reach = dense_reach(projection, delay, source, whole, zeros=False)
    else:
        reach = written_out(projection, source, whole, zeros=False)
    return reach.hit.reshape(-1)
