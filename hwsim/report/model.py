"""report.json: what a network needs, how well it still works, and what the chip would cost.

Energies in joules and times in seconds, per inference, mean over the simulated samples. Every
energy and every time is an estimate; accuracies and event counts were measured.
"""

from typing import Self

from pydantic import Field, model_validator

from hwsim.report.alternatives import Alternatives, DeviceRow, NeuroBench, Raster
from hwsim.report.chip_cost import (
    ChipConstant,
    ChipStep,
    EnergyTerms,
    Event,
    LatencyTotals,
    Range,
    Sensitivity,
    Source,
    StepLine,
    TermEnergy,
)
from hwsim.report.emulated import (
    Accuracy,
    EmulatedLayer,
    EmulatedReport,
    Network,
    TrainingCurve,
    UncostedReport,
)
from hwsim.report.fields import Count, NonNegative
from hwsim.report.placed import ChipUse, CoreRow, FitRow

__all__ = [
    "Accuracy",
    "AnyReport",
    "EmulatedReport",
    "Layer",
    "Network",
    "Report",
    "TrainingCurve",
    "UncostedReport",
]


class Layer(EmulatedLayer):
    """One population on the chip, per inference.

    Args:
        messages_per_inference: spikes times destination cores.
        cores: that hold the layer.
        energy_j: the layer's share of each term.
    """

    messages_per_inference: NonNegative
    cores: Count
    energy_j: TermEnergy


class Report(EmulatedReport):
    """report.json of a network that was costed.

    Args:
        layers: one per population, in topological order.
        energy_j: per term.
        latency_s: of one inference.
        chip: and how much of it is used.
        assumptions: what the estimate leaves out or takes as given.
        silicon: where a real chip may differ from the emulated one.
        sources: of every number used.
        host_macs: multiply-accumulates of the host per inference.
        steps: every chip step.
        events: every priced event.
        constants: every limit and cost of the chip.
        energy_range_j: total with all costs at the low end of their ranges, as given, high.
        latency_range_s: likewise.
        energy_delay_js: joules times seconds of one inference.
        cores: every core in use.
        fit: every layer's use of the chip.
        sensitivity: how far each assumption moves the total, most first.
        step_line: time line of the longest step.
        devices: the network on other chips and devices.
        alternatives: against the ANN of equal architecture.
        neurobench: metrics under NeuroBench's names.
        raster: spikes of a few samples.
    """

    layers: tuple[Layer, ...] = Field(min_length=1)
    energy_j: EnergyTerms
    latency_s: LatencyTotals
    chip: ChipUse
    assumptions: tuple[str, ...]
    sources: tuple[Source, ...]
    host_macs: Count
    steps: tuple[ChipStep, ...] = Field(min_length=1)
    events: tuple[Event, ...]
    constants: tuple[ChipConstant, ...]
    silicon: tuple[str, ...] = ()
    energy_range_j: Range
    latency_range_s: Range
    energy_delay_js: NonNegative
    cores: tuple[CoreRow, ...] = Field(min_length=1)
    fit: tuple[FitRow, ...]
    sensitivity: tuple[Sensitivity, ...]
    step_line: StepLine
    devices: tuple[DeviceRow, ...] = ()
    alternatives: Alternatives | None = None
    neurobench: NeuroBench | None = None
    raster: tuple[Raster, ...] = ()

    @model_validator(mode="after")
    def _every_source_is_named(self) -> Self:
        named = {event.source for event in self.events} | {c.source for c in self.constants}
        unknown = sorted(named - {source.key for source in self.sources})
        if unknown:
            raise ValueError(f"source '{unknown[0]}' isn't among the sources")
        return self


AnyReport = Report | UncostedReport
