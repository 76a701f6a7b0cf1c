"""What one simulation measured: exact integer counts, per sample, step and population."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from export.chip.graph import ChipGraph, IntArray

COUNTS = ("spikes", "synops", "active_updates", "messages", "saturations", "wraps")
"""Fields of a trace that count events per sample, step and population."""


@dataclass(frozen=True)
class Trace:
    """Counted events of N samples over T steps in P populations.

    Every count is int64 [N, T, P]. With reset `staggered`, step 0 of population p is the first
    step at which its input can arrive (chip step p's depth + 1), so columns of different
    populations are one lag apart on the chip; with reset `none`, step 0 is chip step 1 for all.

    Args:
        graph: the network that was simulated.
        populations: names, each after what feeds it.
        neurons: [P] neurons per population.
        depth: [P] lag in chip steps behind the first population (or behind the input); 0 for
            all with reset `none`, whose columns are chip steps already.
        spikes: neurons that fired.
        synops: synaptic operations arriving: stored synapses hit by a spike, zeros included.
        active_updates: neurons whose update was not trivially zero: v before the step, u before
            or after the step's input, or the bias was not zero.
        messages: spikes times outgoing projections (multiply by destination cores to place).
        saturations: neurons whose v was clipped to 24 bits.
        wraps: neurons whose u left 24 bits and wrapped.
        readout: int64 [N, classes], readout voltages (state units) at the window's last step,
            several readouts side by side; shape [N, 0] without a readout population.
        output_spikes: int64 [N, P_out], spikes of the last population summed over the window.
        readout_steps: int64 [N, T, classes], readout voltages after every step, where a readout
            weights its steps; else None. `hwsim.engine.readout` makes logits.
        recordings: population -> "u" and "v" (int32) or "s" (uint8) -> [n, T, *shape] of the n
            samples that were to be kept.
        neuron_spikes: population or external input -> int64 [T, neurons], how many samples each
            neuron fired (each input sent an event) in at each step; empty if not counted. Costing
            needs it: which core an event belongs to depends on the neuron.
        neuron_active: population -> int64 [T, neurons], likewise of active updates.
        input_writes: how many times per sample the host writes the biases of form `bias`: once,
            or T times where each step has its own.
    """

    graph: ChipGraph
    populations: tuple[str, ...]
    neurons: IntArray
    depth: IntArray
    spikes: IntArray
    synops: IntArray
    active_updates: IntArray
    messages: IntArray
    saturations: IntArray
    wraps: IntArray
    readout: IntArray
    output_spikes: IntArray
    readout_steps: IntArray | None = None
    recordings: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    neuron_spikes: dict[str, IntArray] = field(default_factory=dict)
    neuron_active: dict[str, IntArray] = field(default_factory=dict)
    input_writes: int = 1

    @property
    def samples(self) -> int:
        """How many samples were simulated."""
        return int(self.spikes.shape[0])

    @property
    def time_steps(self) -> int:
        """Steps T in each population's window."""
        return int(self.spikes.shape[1])
