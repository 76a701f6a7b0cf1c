"""The equal ANN's energy with memory, after Lemaire et al. 2022 (arXiv 2210.13107)."""

import numpy as np

from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, Projection
from hwsim.alternatives.layer_memory import (
    WORD_BYTES,
    LayerMemory,
    kernel_size,
    layer_memories,
    memory_of,
)
from hwsim.chips.devices import Device
from hwsim.engine.trace import Trace


def ann_j(trace: Trace, device: Device) -> float:
    """Joules of one pass of the ANN of equal architecture.

        E = sum over projections of MACs * (mac + read weight) + reads of inputs + addressing
            + sum over layers of outputs * write + biases read and added + host MACs * mac

    A convolution reads an input per multiply-accumulate, a dense layer each input once; partial
    sums stay in a register. Addressing takes one addition per input and per output, and in a
    convolution one per weight of the output channels' kernels on one input channel. The memory of
    the host's operation has no price here, as its sizes aren't known, for the SNN neither.

    Raises:
        ChipError: the device has no memory model.
    """
    graph = trace.graph
    layers = (_layer_j(graph, m) for m in layer_memories(trace, device) if m.incoming)
    host = 0 if graph.host is None else graph.host.macs
    return sum(layers) + host * memory_of(device).mac_j.value


def _layer_j(graph: ChipGraph, memory: LayerMemory) -> float:
    products = sum(_projection_j(graph, memory, projection) for projection in memory.incoming)
    written = memory.population.neurons * memory.neuron_access_j
    return products + memory.bias_pass_j + written


def _projection_j(graph: ChipGraph, memory: LayerMemory, projection: Projection) -> float:
    macs = int(fan_out(graph, projection).sum())
    inputs = int(np.prod(graph.source_shape(projection.source)))
    read = memory.prices.access_j(inputs * WORD_BYTES)
    addresses, reads = inputs + memory.population.neurons, inputs
    if isinstance(projection, ConvProjection):
        addresses += projection.weight.shape[0] * kernel_size(projection)
        reads = macs
    products = macs * (memory.mac_j + memory.parameter_access_j)
    return products + reads * read + addresses * memory.add_j
