"""What one inference costs on a chip: from counted events to a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.chip.check_graph import check_graph
from export.chip.fanout import synapses
from hwsim.alternatives.devices import device_rows
from hwsim.alternatives.network import alternatives
from hwsim.alternatives.neurobench import neurobench_metrics
from hwsim.chips.chip import Chip
from hwsim.chips.constant import Bound
from hwsim.chips.devices import DEVICES
from hwsim.chips.load import CHIPS, load_chip
from hwsim.costing.assumptions import assumptions
from hwsim.costing.cost_rows import (
    chip_use,
    constant_rows,
    core_rows,
    layer_rows,
    source_rows,
    step_rows,
)
from hwsim.costing.costable import costable
from hwsim.costing.energy import host_macs
from hwsim.costing.estimate import Estimate, estimate
from hwsim.costing.event_table import event_table
from hwsim.costing.raster import rasters
from hwsim.costing.sensitivity import sensitivities
from hwsim.costing.silicon_notes import silicon_notes
from hwsim.costing.step_line import step_line
from hwsim.engine.trace import Trace
from hwsim.placement.fit import fit_rows
from hwsim.placement.placement import Objective, Placement
from hwsim.report.alternatives import DeviceRow
from hwsim.report.chip_cost import EnergyTerms, LatencyTotals, Range
from hwsim.report.model import Accuracy, Network, Report

ENDS: tuple[Bound, ...] = ("nominal", "low", "high")


def cost(
    trace: Trace,
    chip: Chip | str | Path,
    *,
    objective: Objective = "fewest-cores",
    chips: int | None = None,
    throttle_s: float | None = None,
    devices: Sequence[str | Path] = (),
) -> Report:
    """Estimates energy and latency of one inference, mean over the trace's samples.

    Accuracies and the run's own facts are left empty: `with_run_facts` adds them.

    Args:
        trace: counted events of at least one sample, with counts per neuron.
        chip: a chip, the name of one that ships with the tool, or a path to a .toml file.
        objective: what the placement is chosen for.
        chips: at most so many; None for as many as the network takes.
        throttle_s: real-time length that no step goes below; None without.
        devices: device files to compare with, beside those that ship with the tool.

    Raises:
        ChipError: the chip is unknown or damaged, doesn't take the network's input form, no chip
            could run the network, or the trace doesn't belong to its graph, holds no sample or
            no counts per neuron.
        InvalidGraph: the trace's graph contradicts itself.
    """
    chip = chip if isinstance(chip, Chip) else load_chip(chip)
    check_graph(trace.graph)
    trace = costable(trace, chip)
    found = estimate(trace, chip, objective=objective, chips=chips, throttle_s=throttle_s)
    low, high = found.at("low"), found.at("high")
    energy_j = Range(low=low.energy.total, nominal=found.energy.total, high=high.energy.total)
    return Report(
        network=Network(
            neurons=int(trace.neurons.sum()),
            synapses=synapses(trace.graph),
            time_steps=trace.time_steps,
        ),
        accuracy=Accuracy(),
        layers=layer_rows(found),
        energy_j=EnergyTerms(total=found.energy.total, **found.energy.terms),
        latency_s=_latency(found),
        chip=chip_use(found.placement, chip),
        assumptions=assumptions(found),
        sources=source_rows(chip),
        simulated_samples=trace.samples,
        host_macs=host_macs(trace.graph),
        steps=step_rows(found),
        events=event_table(found),
        constants=constant_rows(chip),
        silicon=silicon_notes(trace),
        energy_range_j=energy_j,
        latency_range_s=Range(
            low=low.latency.total_s, nominal=found.latency.total_s, high=high.latency.total_s
        ),
        energy_delay_js=found.energy.total * found.latency.total_s,
        cores=core_rows(found),
        fit=fit_rows(trace.graph, found.placement, chip),
        sensitivity=sensitivities(found),
        step_line=step_line(found),
        devices=_devices(found, energy_j, devices, chips),
        alternatives=alternatives(trace),
        neurobench=neurobench_metrics(trace),
        raster=rasters(trace),
    )


def with_accuracy(report: Report, accuracy: float | None) -> Report:
    """The report with the emulated network's accuracy among NeuroBench's metrics."""
    if report.neurobench is None or accuracy is None:
        return report
    metrics = report.neurobench.model_copy(update={"classification_accuracy": accuracy})
    return report.model_copy(update={"neurobench": metrics})


@dataclass(frozen=True)
class OnChip:
    """One row of the device comparison."""

    chip: Chip
    estimate: Estimate
    energy: Range

    @property
    def placement(self) -> Placement:
        """On the chip's cores."""
        return self.estimate.placement

    @property
    def latency_s(self) -> float:
        """Of one inference."""
        return self.estimate.latency.total_s


def _latency(found: Estimate) -> LatencyTotals:
    latency, window = found.latency, found.pipelined_latency()
    return LatencyTotals(
        total=latency.total_s,
        per_step=latency.total_s / latency.steps,
        steps=latency.steps,
        barrier_per_step=latency.barrier_s,
        slowest_sample=float(latency.samples_s.max()),
        pipelined_per_s=1.0 / window.total_s if window.total_s > 0 else 0.0,
        link_bound_steps=latency.link_bound_steps,
        throttle=found.throttle_s,
    )


def _devices(
    found: Estimate, energy_j: Range, further: Sequence[str | Path], chips: int | None
) -> tuple[DeviceRow, ...]:
    """The network on every shipped chip that takes its input, and on plain operation counts.

    Placed for the same objective, on at most as many chips, with the same throttle.
    """
    trace, objective = found.trace, found.placement.objective
    rows = {found.chip.name: OnChip(found.chip, found, energy_j)}
    for name in CHIPS:
        chip = load_chip(name)
        if name in rows or trace.graph.input.form not in chip.inputs.forms.value:
            continue
        other = estimate(trace, chip, objective=objective, chips=chips, throttle_s=found.throttle_s)
        base, low, high = (other.quick_total(chip.at(end)) for end in ENDS)
        total = other.energy.total
        around = Range(low=total + low - base, nominal=total, high=total + high - base)
        rows[name] = OnChip(chip, other, around)
    return device_rows(trace, rows, devices=(*DEVICES, *further))
