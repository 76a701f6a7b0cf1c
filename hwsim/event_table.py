"""Every priced event of one inference: how often, at what cost, from which source."""

from export.chip.graph import ChipGraph, IntArray
from hwsim.chip import Chip, Cost
from hwsim.energy import host_macs
from hwsim.events import EventCounts
from hwsim.latency import Latency
from hwsim.placement import Placement
from hwsim.report.chip_cost import Event
from hwsim.routes import Routes


def event_table(
    graph: ChipGraph,
    events: EventCounts,
    placement: Placement,
    routes: Routes,
    latency: Latency,
    chip: Chip,
) -> tuple[Event, ...]:
    """One row per kind of event; the rows' energies add up to the estimate's total."""
    joules, seconds = chip.energy, chip.latency
    spikes = events.spikes.sum(axis=0)

    def per_inference(counts: IntArray) -> float:
        return int(counts.sum()) / events.samples

    def per_route(pairs: IntArray) -> float:
        return float((spikes * pairs / placement.cores).sum()) / events.samples

    return (
        _event(
            "synaptic operation", "synops", per_inference(events.synops),
            joules.energy_per_synop_j, seconds.latency_per_synop_s,
        ),
        _event(
            "neuron update, active", "neurons", per_inference(events.active_updates),
            joules.energy_per_update_active_j, seconds.latency_per_update_active_s,
        ),
        _event(
            "neuron update, inactive", "neurons", per_inference(events.inactive_updates),
            joules.energy_per_update_inactive_j, seconds.latency_per_update_inactive_s,
        ),
        _event(
            "message within a tile", "messages", per_route(routes.in_tile),
            joules.energy_per_message_j, seconds.latency_per_message_s,
        ),
        _event(
            "hop between tiles, east-west", "messages", per_route(routes.hops_east_west),
            joules.energy_per_hop_east_west_j, None,
        ),
        _event(
            "hop between tiles, north-south", "messages", per_route(routes.hops_north_south),
            joules.energy_per_hop_north_south_j, None,
        ),
        _leakage(placement, latency, chip),
        _event("multiply-accumulate on the host", "host", host_macs(graph),
               chip.host.energy_per_mac_j, None),
    )  # fmt: skip


def _event(name: str, term: str, count: float, energy: Cost, latency: Cost | None) -> Event:
    return Event(
        event=name,
        term=term,
        count_per_inference=count,
        energy_each_j=energy.value,
        energy_j=count * energy.value,
        latency_each_s=None if latency is None else latency.value,
        grade=energy.grade,
        source=energy.source,
        note=energy.note,
    )


def _leakage(placement: Placement, latency: Latency, chip: Chip) -> Event:
    """A core in use leaks for as long as the inference takes."""
    power = chip.power.static_power_per_core_w
    each_j = power.value * latency.total_s
    return Event(
        event="core leaking for one inference",
        term="static",
        count_per_inference=placement.cores_used,
        energy_each_j=each_j,
        energy_j=placement.cores_used * each_j,
        latency_each_s=None,
        grade=power.grade,
        source=power.source,
        note=power.note,
    )
