"""The network on other chips, and on devices that only price plain operations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hwsim.alternatives.snn_memory import snn_energy
from hwsim.alternatives.workload import Workload, operations_j
from hwsim.chips.chip import Chip
from hwsim.chips.devices import DEVICES, Device, load_device
from hwsim.engine.trace import Trace
from hwsim.placement.placement import Placement
from hwsim.report.alternatives import DeviceRow
from hwsim.report.chip_cost import Range

CHIP_SCOPE = (
    "Placed and costed event by event: synaptic operations, neuron updates, messages, static power "
    "of the chips in use, embedded processors, host and I/O."
)
UNFIT_SCOPE = (
    "The network breaks the chip's limits: these are the costs if the chip were large enough."
)


class CostedChip(Protocol):
    """What a chip's estimate says of one inference."""

    @property
    def chip(self) -> Chip:
        """The chip."""

    @property
    def placement(self) -> Placement:
        """Where the network lies on it."""

    @property
    def energy(self) -> Range:
        """Joules per inference."""

    @property
    def latency_s(self) -> float:
        """Seconds per inference."""


def device_rows(
    trace: Trace,
    estimates: Mapping[str, CostedChip],
    *,
    devices: Sequence[str | Path] = tuple(DEVICES),
) -> tuple[DeviceRow, ...]:
    """Costed chips first, then devices priced by operations, each in the given order.

    A device's energy is synaptic operations and neuron updates (every neuron, every step) times
    its prices, with the host's multiply-accumulates where it has a price for them; one with a
    memory model is priced by that. Nothing is added for static power: where a device's figures
    hold it, they hold it already. A device that keeps a real-time step takes T + depth of them.

    Args:
        trace: what one inference does.
        estimates: chip name -> its estimate.
        devices: names of shipped devices and paths of the user's own .toml files.

    Raises:
        ChipError: a device is unknown or its file damaged.
        SimulationError: the trace holds no counts per neuron, where a price needs them.
    """
    chips = (_chip_row(name, estimate) for name, estimate in estimates.items())
    priced = (_device_row(trace, load_device(device)) for device in devices)
    return (*chips, *priced)


def _chip_row(name: str, estimate: CostedChip) -> DeviceRow:
    chip, placement = estimate.chip, estimate.placement
    return DeviceRow(
        name=name,
        title=chip.title,
        kind="chip",
        energy_j=estimate.energy,
        latency_s=estimate.latency_s,
        cores=placement.cores_used,
        chips=placement.chips_used,
        fits=placement.fits,
        scope=CHIP_SCOPE if placement.fits else f"{CHIP_SCOPE} {UNFIT_SCOPE}",
        source=chip.sources[chip.energy.energy_per_synop_dense_j.source].citation,
    )


def _device_row(trace: Trace, device: Device) -> DeviceRow:
    return DeviceRow(
        name=device.name,
        title=device.title,
        kind="operations",
        energy_j=_energy(trace, device),
        latency_s=_seconds(trace, device),
        scope=" ".join(_scope(trace, device)),
        source=device.sources[device.energy.energy_per_synop_j.source].citation,
    )


def _energy(trace: Trace, device: Device) -> Range:
    if device.memory is not None:
        joules = snn_energy(trace, device).total
        return Range(low=joules, nominal=joules, high=joules)
    work = Workload.of(trace)
    return Range(
        low=operations_j(work, device.energy, "low"),
        nominal=operations_j(work, device.energy, "nominal"),
        high=max(operations_j(work, device.energy, "high"), _chip_j(trace, device)),
    )


def _chip_j(trace: Trace, device: Device) -> float:
    """One chip at work for the inference's ticks; 0 where its power isn't known."""
    power, seconds = device.energy.chip_power_w, _seconds(trace, device)
    return 0.0 if power is None or seconds is None else power.value * seconds


def _seconds(trace: Trace, device: Device) -> float | None:
    tick = device.energy.tick_s
    steps = trace.time_steps + int(trace.depth.max(initial=0))
    return None if tick is None else steps * tick.value


def _scope(trace: Trace, device: Device) -> Iterator[str]:
    """What is priced here, then what the device's figures hold."""
    graph, prices = trace.graph, device.energy
    if device.memory is not None:
        yield "Counted: synaptic operations, neuron updates, addressing and memory accesses."
    elif prices.energy_per_update_j.bound("high") > 0:
        yield "Counted: synaptic operations and neuron updates."
    else:
        yield "Counted: synaptic operations; neuron updates have no price of their own."
    if graph.host is not None and graph.host.macs:
        yield (
            "The host's multiply-accumulates for the first linear operation are in it."
            if device.memory is not None or prices.energy_per_mac_j is not None
            else "The host's multiply-accumulates for the first linear operation aren't in it."
        )
    yield device.scope
    if prices.includes_static.value:
        yield "Static power is within the figure per operation and isn't added again."
