"""What one inference does, in the operations that price lists know."""

from dataclasses import dataclass
from typing import Self

from export.chip.fanout import synapses
from hwsim.alternatives.activity import updates_per_inference
from hwsim.alternatives.arrivals import arrivals
from hwsim.chips.constant import Bound
from hwsim.chips.devices import OperationEnergies
from hwsim.engine.trace import Trace


@dataclass(frozen=True)
class Workload:
    """Operations of one inference.

    Args:
        host_macs: multiply-accumulates of the first linear operation, on real values.
        synapses: of the network, each of which is one multiply-accumulate in the equal ANN.
        synops: synaptic operations of spikes: one addition each.
        payload_synops: of graded input events: one multiply-accumulate each.
        updates: neuron updates, every neuron in every step of its window.
    """

    host_macs: int
    synapses: int
    synops: float
    payload_synops: float
    updates: int

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """Mean over the trace's samples.

        Raises:
            SimulationError: the input is graded and its events aren't counted per neuron.
        """
        graph = trace.graph
        payload = payload_synops(trace)
        return cls(
            host_macs=0 if graph.host is None else graph.host.macs,
            synapses=synapses(graph),
            synops=float(trace.synops.sum()) / trace.samples - payload,
            payload_synops=payload,
            updates=updates_per_inference(trace),
        )


def payload_synops(trace: Trace) -> float:
    """Synaptic operations per inference whose event carries a payload to be multiplied."""
    graph = trace.graph
    if graph.input.form != "graded":
        return 0.0
    return sum(
        float(part.events @ part.stored)
        for projection in graph.outgoing(graph.input.name)
        for part in arrivals(trace, projection)
    )


def operations_j(work: Workload, prices: OperationEnergies, which: Bound = "nominal") -> float:
    """Energy of the SNN's operations.

        E = host MACs * mac + synops * synop + payload synops * mac + updates * update

    A device without a price for multiply-accumulates leaves the host's out, and a payload's costs
    as a synaptic operation.

    Returns:
        joules per inference.
    """
    synop = float(prices.energy_per_synop_j.bound(which))
    update = float(prices.energy_per_update_j.bound(which))
    mac = prices.energy_per_mac_j
    per_mac = None if mac is None else float(mac.bound(which))
    host = 0.0 if per_mac is None else work.host_macs * per_mac
    payload = work.payload_synops * (synop if per_mac is None else per_mac)
    return host + work.synops * synop + payload + work.updates * update
