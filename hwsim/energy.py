"""Energy of one inference: counted events times the chip's costs, every term apart."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, IntArray
from hwsim.chip import Chip
from hwsim.events import EventCounts
from hwsim.latency import Latency
from hwsim.placement import Placement
from hwsim.routes import Routes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Energy:
    """Estimated joules of one inference, mean over samples; [S, P] = chip step, population.

    Args:
        synops: [S, P] synaptic operations, at the receiving population.
        neurons: [S, P] neuron updates, active and inactive.
        messages: [S, P] spikes on their way, at the sending population.
        static: [S, P] leakage of the population's cores.
        host: multiply-accumulates of the host.
    """

    synops: FloatArray
    neurons: FloatArray
    messages: FloatArray
    static: FloatArray
    host: float

    @property
    def on_chip(self) -> dict[str, FloatArray]:
        """The terms that belong to a step and a population, [S, P] each."""
        return {
            "synops": self.synops,
            "neurons": self.neurons,
            "messages": self.messages,
            "static": self.static,
        }

    @property
    def terms(self) -> dict[str, float]:
        """Every term of one inference, the host's included."""
        sums = {term: math.fsum(values.ravel()) for term, values in self.on_chip.items()}
        return {**sums, "host": self.host}

    @property
    def total(self) -> float:
        """All terms of one inference."""
        return math.fsum(self.terms.values())


def estimate_energy(
    graph: ChipGraph,
    events: EventCounts,
    placement: Placement,
    routes: Routes,
    latency: Latency,
    chip: Chip,
) -> Energy:
    """Prices counted events.

    E = synops e_synop + active updates e_active + inactive updates e_inactive
        + messages within a tile e_message + hops e_hop
        + cores used P_static t + host MACs e_mac
    """
    costs, samples = chip.energy, events.samples
    power_w = placement.cores * chip.power.static_power_per_core_w.value
    return Energy(
        synops=events.synops * costs.energy_per_synop_j.value / samples,
        neurons=(
            events.active_updates * costs.energy_per_update_active_j.value
            + events.inactive_updates * costs.energy_per_update_inactive_j.value
        )
        / samples,
        messages=events.spikes * _energy_per_spike(placement.cores, routes, chip) / samples,
        static=np.outer(latency.steps_s, power_w),
        host=host_macs(graph) * chip.host.energy_per_mac_j.value,
    )


def host_macs(graph: ChipGraph) -> int:
    """Multiply-accumulates that the host does once per inference."""
    return 0 if graph.host is None else graph.host.macs


def _energy_per_spike(cores: IntArray, routes: Routes, chip: Chip) -> FloatArray:
    """[P] joules to deliver one spike to all its destination cores, mean over source cores."""
    costs = chip.energy
    joules: FloatArray = (
        routes.in_tile * costs.energy_per_message_j.value
        + routes.hops_east_west * costs.energy_per_hop_east_west_j.value
        + routes.hops_north_south * costs.energy_per_hop_north_south_j.value
    ) / cores
    return joules
