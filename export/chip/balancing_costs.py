"""What a step of waiting costs on a chip: cores and energy of relay neurons and of synapses.

Figures are Loihi 1's unless said otherwise, in SI units:

    neurons and memory per core   Davies et al. 2018; nengo-loihi `block.py`
    bits of a synapse             nengo-loihi `SynapseConfig.bits_per_axon`: weight, delay and, in
                                  the sparse format, the target's index
    energies                      Davies et al. 2018, Table 2 (0.75 V, pre-silicon)
    extra of a sparse synapse     Boyle et al. 2025 (SANA-FE): 33.6 against 24.0 pJ for a shared one
"""

from dataclasses import dataclass

import numpy as np

from export.chip.check_graph import conv_output_shape
from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection

SYNAPSES_PER_CHUNK = 64
CHUNK_HEADER_BITS = 10
WORD_BITS = 64


@dataclass(frozen=True)
class BalancingCosts:
    """Limits and costs of one chip.

    Args:
        neurons_per_core: compartments.
        synaptic_memory_bits_per_core: for stored synapses.
        weight_bits: of one stored synapse.
        delay_bits: of one stored synapse with a delay of up to 62 steps.
        energy_per_synop_j: one stored synapse hit by a spike.
        energy_per_update_active_j: one neuron whose state changed, one step.
        energy_per_message_j: one spike to one core.
        energy_per_sparse_synop_extra_j: what a sparse synapse takes beyond a shared one.
    """

    neurons_per_core: int = 1024
    synaptic_memory_bits_per_core: int = 1_048_576
    weight_bits: int = 8
    delay_bits: int = 6
    energy_per_synop_j: float = 23.6e-12
    energy_per_update_active_j: float = 81.0e-12
    energy_per_message_j: float = 1.7e-12
    energy_per_sparse_synop_extra_j: float = 9.6e-12

    def cores(self, neurons: int, synapse_bits: int = 0) -> int:
        """Cores of a population of its own, for its neurons and for the synapses onto it."""
        return max(
            -(-neurons // self.neurons_per_core),
            -(-synapse_bits // self.synaptic_memory_bits_per_core),
        )

    def relay_energy_per_spike(self) -> float:
        """One spike through one relay, J: message, synapse, and a neuron that fires."""
        return self.energy_per_message_j + self.energy_per_synop_j + self.energy_per_update_active_j

    def sparse_energy_per_spike(self, graph: ChipGraph, projection: Projection) -> float:
        """What sparse storage adds to one spike along a convolution, J, at its mean fan-out."""
        return float(fan_out(graph, projection).mean()) * self.energy_per_sparse_synop_extra_j

    def sparse_bits(self, graph: ChipGraph, projection: ConvProjection) -> int:
        """Memory of a convolution stored as sparse synapses with delays."""
        made = conv_output_shape(projection, graph.source_shape(projection.source))
        within = min(int(np.prod(made)), self.neurons_per_core)
        index_bits = max(1, (within - 1).bit_length())
        synapse_bits = self.weight_bits + self.delay_bits + index_bits
        return int(_axon_bits(fan_out(graph, projection), synapse_bits).sum())


def _axon_bits(targets: IntArray, synapse_bits: int) -> IntArray:
    """Per source neuron: chunks of up to 64 synapses, each filled up to whole words."""
    chunks, rest = np.divmod(targets, SYNAPSES_PER_CHUNK)
    full = _chunk_bits(np.full_like(targets, SYNAPSES_PER_CHUNK), synapse_bits)
    part = np.where(rest > 0, _chunk_bits(rest, synapse_bits), 0)
    return chunks * full + part


def _chunk_bits(synapses: IntArray, synapse_bits: int) -> IntArray:
    return WORD_BITS * -(-(synapses * synapse_bits + CHUNK_HEADER_BITS) // WORD_BITS)
