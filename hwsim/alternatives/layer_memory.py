"""The memories of one layer in Lemaire's model, and what an access to each costs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from export.chip.graph import ConvProjection, Population, Projection
from export.chip.limits import DECAY_ONE
from hwsim.chips.devices import Device, MemoryModel
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError

WORD_BYTES = 4

QUEUE_BYTES = 1000 * WORD_BYTES
"""Of the queues for a layer's incoming and outgoing spikes, as in the paper's experiments."""


@dataclass(frozen=True)
class LayerMemory:
    """A population, the projections onto it, and their memories; words have 32 bits.

    Args:
        population: whose neurons they are.
        incoming: projections onto it.
        biases: how many are stored; 0 where none is added.
        prices: of accesses and operations.
    """

    population: Population
    incoming: tuple[Projection, ...]
    biases: int
    prices: MemoryModel

    @property
    def parameter_access_j(self) -> float:
        """One weight or bias read; a layer's weights and biases lie in one memory."""
        weights = sum(projection.weight.size for projection in self.incoming)
        return self.prices.access_j((weights + self.biases) * WORD_BYTES)

    @property
    def neuron_access_j(self) -> float:
        """One potential or one result read or written; each state has a memory of its own."""
        return self.prices.access_j(self.population.neurons * WORD_BYTES)

    @property
    def queue_access_j(self) -> float:
        """One message read or written."""
        return self.prices.access_j(QUEUE_BYTES)

    @property
    def add_j(self) -> float:
        """One addition."""
        return self.prices.acc_j.value

    @property
    def mac_j(self) -> float:
        """One multiply-accumulate."""
        return self.prices.mac_j.value

    @property
    def bias_pass_j(self) -> float:
        """Every neuron's bias read and added, once."""
        if self.biases == 0:
            return 0.0
        return self.population.neurons * (self.parameter_access_j + self.add_j)


def layer_memories(trace: Trace, device: Device) -> Iterator[LayerMemory]:
    """One per population, in the trace's order.

    Biases that the host writes for each sample are as many as neurons.

    Raises:
        ChipError: the device has no memory model.
    """
    prices = memory_of(device)
    graph = trace.graph
    written = graph.input.name if graph.input.form == "bias" else None
    for name in trace.populations:
        population = graph.population(name)
        stored = population.bias.size if population.bias.any() else 0
        biases = population.neurons if name == written else stored
        yield LayerMemory(population, graph.incoming(name), biases, prices)


def memory_of(device: Device) -> MemoryModel:
    """The device's memory model.

    Raises:
        ChipError: it has none.
    """
    if device.memory is None:
        raise ChipError(
            f"device '{device.name}': no [memory], so memory accesses have no price. Add it to the "
            "device file."
        )
    return device.memory


def kernel_size(projection: ConvProjection) -> int:
    """Taps of a convolution's kernel, k^2 where it is square."""
    return int(np.prod(projection.weight.shape[2:]))


def states(population: Population) -> int:
    """Words that a neuron keeps from step to step: its voltage, and its current if that lasts."""
    return 1 + int((population.decay_u < DECAY_ONE).any())


def decays(population: Population) -> int:
    """How many of those words are multiplied in every step."""
    return sum(
        bool(((decay > 0) & (decay < DECAY_ONE)).any())
        for decay in (population.decay_u, population.decay_v)
    )
