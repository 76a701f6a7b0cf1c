"""Which cores a source neuron's spike reaches, and how many synapses it hits on each."""

from typing import Protocol

from export.chip.graph import ChipGraph, DenseProjection, IntArray, Projection
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.events.conv_reach import conv_reach
from hwsim.events.dense_reach import dense_reach
from hwsim.placement.grid import Block, Grid


class Reach(Protocol):
    """Synapses of one projection that share a delay, onto the K cores of its target."""

    def synops(self, spikes: IntArray) -> IntArray:
        """Synaptic operations int64 [T, K] of spikes [T, sources]."""

    def messages(self, spikes: IntArray, block: Block) -> IntArray:
        """Messages int64 [T, K] of the spikes [T, sources] that a block of the source sends."""


def counts_zeros(chip: Chip, form: SynapseFormat) -> bool:
    """Whether a spike's synaptic operations count weights of zero in this format."""
    return form == "dense" or (form == "conv" and chip.synapses.conv_counts_zeros.value)


def reach_of(
    graph: ChipGraph,
    projection: Projection,
    delay: int | None,
    grid: Grid,
    *,
    zeros: bool,
    shared: bool,
) -> Reach:
    """Reach of a projection's synapses.

    Args:
        graph: holds both ends.
        projection: one of the graph's.
        delay: of the synapses meant, in extra steps; None for all of them.
        grid: of the target population.
        zeros: count weights of zero too.
        shared: a convolution's weights are shared, so that every covered neuron has its axon.
    """
    source = graph.source_shape(projection.source)
    if isinstance(projection, DenseProjection):
        return dense_reach(projection, delay, source, grid, zeros=zeros)
    return conv_reach(projection, source, grid, zeros=zeros, shared=shared)
