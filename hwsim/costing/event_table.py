"""Every priced event of one inference: how often, at what cost, from which source."""

from collections.abc import Iterator

from export.chip.graph import IntArray
from hwsim.chips.chip import FORMATS
from hwsim.chips.constant import Cost
from hwsim.costing.energy import core_leakage_w, host_macs, unused_cores_w
from hwsim.costing.estimate import Estimate
from hwsim.report.chip_cost import Event

COUNTED = (
    # event, term, counts, cost in the chip file, whether it takes a core's time
    ("neuron update, active", "neurons", "active_updates", "update_active", True),
    ("neuron update, inactive", "neurons", "inactive_updates", "update_inactive", True),
    ("spike", "neurons", "spikes", "spike", True),
    ("message out", "messages", "messages_out", "message_out", True),
    ("message in", "messages", "messages_in", "message_in", True),
    ("message within a tile", "messages", "messages_in_tile", "message_in_tile", False),
    ("hop between tiles, east-west", "messages", "hops_east_west", "hop_east_west", False),
    ("hop between tiles, north-south", "messages", "hops_north_south", "hop_north_south", False),
    ("crossing between chips", "messages", "chip_crossings", "chip_crossing", False),
)


def event_table(estimate: Estimate) -> tuple[Event, ...]:
    """One row per kind of event; the rows' energies add up to the estimate's total."""
    return (*_synops(estimate), *_counted(estimate), *_by_time(estimate), *_outside(estimate))


def _synops(estimate: Estimate) -> Iterator[Event]:
    energy, latency = estimate.chip.energy, estimate.chip.latency
    for form in FORMATS:
        if form in estimate.events.synops:
            yield _event(
                f"synaptic operation, {form}",
                "synops",
                _per_inference(estimate, estimate.events.synops[form]),
                getattr(energy, f"energy_per_synop_{form}_j"),
                getattr(latency, f"latency_per_synop_{form}_s"),
            )


def _counted(estimate: Estimate) -> Iterator[Event]:
    chip, events = estimate.chip, estimate.events
    for name, term, counts, key, timed in COUNTED:
        seconds = getattr(chip.latency, f"latency_per_{key}_s") if timed else None
        yield _event(
            name,
            term,
            _per_inference(estimate, getattr(events, counts)),
            getattr(chip.energy, f"energy_per_{key}_j"),
            seconds,
        )


def _by_time(estimate: Estimate) -> Iterator[Event]:
    """Watts for as long as an inference takes."""
    power, seconds = estimate.chip.power, estimate.latency.total_s
    placement = estimate.placement
    core = power.static_power_per_core_w
    cores, chips = placement.cores_used, placement.chips_used
    core_j = core_leakage_w(placement, estimate.chip) * seconds
    yield _priced("core in use, leaking", "static", cores, core_j, core)
    rest_j = unused_cores_w(placement, estimate.chip) / chips * seconds
    leaking = power.static_power_per_chip_w
    yield _priced("rest of a chip, leaking", "chip", chips, rest_j, leaking)
    embedded = power.embedded_power_per_chip_w
    embedded_j = embedded.value * seconds
    yield _priced("embedded processors of a chip", "chip", chips, embedded_j, embedded)


def _outside(estimate: Estimate) -> Iterator[Event]:
    events, chip = estimate.events, estimate.chip
    yield _event("multiply-accumulate on the host", "host", host_macs(estimate.trace.graph),
                 chip.host.energy_per_mac_j, None)  # fmt: skip
    for name, words in (
        ("word into the chip", events.input_words),
        ("word out of the chip", events.output_words),
    ):
        yield _event(name, "io", _per_inference(estimate, words),
                     chip.energy.energy_per_io_word_j, None)  # fmt: skip


def _per_inference(estimate: Estimate, counts: IntArray) -> float:
    return int(counts.sum()) / estimate.events.samples


def _event(name: str, term: str, count: float, energy: Cost, latency: Cost | None) -> Event:
    return _priced(name, term, count, energy.value, energy, latency)


def _priced(
    name: str, term: str, count: float, each_j: float, cost: Cost, latency: Cost | None = None
) -> Event:
    return Event(
        event=name,
        term=term,
        count_per_inference=count,
        energy_each_j=each_j,
        energy_j=count * each_j,
        latency_each_s=None if latency is None else latency.value,
        grade=cost.grade,
        source=cost.source,
        note=cost.note,
    )
