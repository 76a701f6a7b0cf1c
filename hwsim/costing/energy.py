"""Energy of one inference: counted events times the chip's costs, every term apart.

    E = synops + neurons + messages + static + chip + host + io

| term | sum over cores and steps of |
|---|---|
| synops | synaptic operations x cost in their format |
| neurons | active x cost + inactive updates x cost + spikes x cost |
| messages | out x cost + in x cost + (within the tile x cost, or hops x cost) + crossings x cost |
| static | leakage of the core x length of the step |

`chip` is the power of unused cores and embedded processors times the whole length, `host` the
host's multiply-accumulates, `io` words in and out, each times its cost.
"""

import math
from dataclasses import dataclass

import numpy as np

from export.chip.graph import ChipGraph
from hwsim.chips.chip import Chip
from hwsim.costing.latency import FloatArray, Latency
from hwsim.events.core_events import CoreEvents
from hwsim.placement.placement import Placement

CORE_TERMS = ("synops", "neurons", "messages", "static")
"""Terms that belong to a core and a step."""


@dataclass(frozen=True)
class Energy:
    """Estimated joules of one inference, mean over samples; [S, K] = chip step, core.

    Args:
        synops: [S, K] synaptic operations, at the receiving core.
        neurons: [S, K] neuron updates and spikes.
        messages: [S, K] sent, on their way, and received.
        static: [S, K] leakage of the core.
        chip: leakage of the chips' unused cores, and their embedded processors.
        host: multiply-accumulates of the host.
        io: words that enter and leave.
    """

    synops: FloatArray
    neurons: FloatArray
    messages: FloatArray
    static: FloatArray
    chip: float
    host: float
    io: float

    @property
    def on_cores(self) -> dict[str, FloatArray]:
        """The terms that belong to a step and a core, [S, K] each."""
        return {term: getattr(self, term) for term in CORE_TERMS}

    @property
    def terms(self) -> dict[str, float]:
        """Every term of one inference."""
        sums = {term: math.fsum(values.ravel()) for term, values in self.on_cores.items()}
        return {**sums, "chip": self.chip, "host": self.host, "io": self.io}

    @property
    def core_dynamic(self) -> float:
        """Synops, neurons and messages: what papers often quote alone."""
        terms = self.terms
        return math.fsum((terms["synops"], terms["neurons"], terms["messages"]))

    @property
    def total(self) -> float:
        """All terms of one inference."""
        return math.fsum(self.terms.values())


def estimate_energy(
    graph: ChipGraph, events: CoreEvents, placement: Placement, latency: Latency, chip: Chip
) -> Energy:
    """Prices counted events; see the module for the equation.

    Args:
        graph: says what the host does.
        events: counted on the cores.
        placement: which cores and chips are in use.
        latency: how long they are.
        chip: the prices.
    """
    costs, samples = chip.energy, events.samples
    synops = np.zeros(events.spikes.shape)
    for form, counted in events.synops.items():
        synops += counted * getattr(costs, f"energy_per_synop_{form}_j").value
    words = int(events.input_words.sum() + events.output_words.sum())
    core_w = core_leakage_w(placement, chip)
    return Energy(
        synops=synops / samples,
        neurons=(
            events.active_updates * costs.energy_per_update_active_j.value
            + events.inactive_updates * costs.energy_per_update_inactive_j.value
            + events.spikes * costs.energy_per_spike_j.value
        )
        / samples,
        messages=(
            events.messages_out * costs.energy_per_message_out_j.value
            + events.messages_in * costs.energy_per_message_in_j.value
            + events.messages_in_tile * costs.energy_per_message_in_tile_j.value
            + events.hops_east_west * costs.energy_per_hop_east_west_j.value
            + events.hops_north_south * costs.energy_per_hop_north_south_j.value
            + events.chip_crossings * costs.energy_per_chip_crossing_j.value
        )
        / samples,
        static=np.multiply.outer(latency.steps_s, np.full(placement.cores_used, core_w)),
        chip=rest_of_chip_w(placement, chip) * latency.total_s,
        host=host_macs(graph) * chip.host.energy_per_mac_j.value,
        io=words / samples * costs.energy_per_io_word_j.value,
    )


def core_leakage_w(placement: Placement, chip: Chip) -> float:
    """Leakage of a core in use; all of them together don't leak more than their chips."""
    of_chips = placement.chips_used * chip.power.static_power_per_chip_w.value
    return min(chip.power.static_power_per_core_w.value, of_chips / placement.cores_used)


def unused_cores_w(placement: Placement, chip: Chip) -> float:
    """Leakage of the chips in use without that of the cores in use, which stands apart."""
    of_chips = placement.chips_used * chip.power.static_power_per_chip_w.value
    return max(0.0, of_chips - placement.cores_used * core_leakage_w(placement, chip))


def rest_of_chip_w(placement: Placement, chip: Chip) -> float:
    """Watts of the chips in use beyond their used cores' leakage: other cores, processors."""
    embedded_w = placement.chips_used * chip.power.embedded_power_per_chip_w.value
    return unused_cores_w(placement, chip) + embedded_w


def host_macs(graph: ChipGraph) -> int:
    """Multiply-accumulates that the host does once per inference: encoder, weighted readout."""
    encoder = 0 if graph.host is None else graph.host.macs
    weighted = sum(
        graph.population(readout.population).neurons * len(readout.weights)
        for readout in graph.readouts
        if readout.weights is not None
    )
    return encoder + weighted
