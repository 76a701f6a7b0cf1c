"""The rows of a report: layers, chip steps, the chip and where its numbers come from."""

from export.chip.fanout import fan_out
from export.chip.graph import IntArray
from hwsim.chip import Chip
from hwsim.energy import Energy, FloatArray
from hwsim.engine.trace import Trace
from hwsim.events import EventCounts
from hwsim.latency import Latency
from hwsim.placement import Placement
from hwsim.report.chip_cost import (
    ChipConstant,
    ChipStep,
    ChipUse,
    Excess,
    Source,
    TermEnergy,
)
from hwsim.report.model import Layer


def layer_rows(
    trace: Trace, events: EventCounts, placement: Placement, energy: Energy
) -> tuple[Layer, ...]:
    """One row per population."""

    def mean(counts: IntArray) -> float:
        return int(counts.sum()) / trace.samples

    return tuple(
        Layer(
            name=population.name,
            shape=population.shape,
            neurons=population.neurons,
            depth=int(trace.depth[index]),
            spikes_per_inference=mean(events.spikes[:, index]),
            spike_rate=mean(events.spikes[:, index]) / population.neurons / trace.time_steps,
            spikes_per_step=_per_step(trace, index),
            synops_per_inference=mean(events.synops[:, index]),
            messages_per_inference=mean(events.messages[:, index]),
            cores=int(placement.cores[index]),
            synapses_in=_synapses_onto(trace, population.name),
            saturations=int(trace.saturations[:, :, index].sum()),
            wraps=int(trace.wraps[:, :, index].sum()),
            energy_j=_terms({term: joules[:, index] for term, joules in energy.on_chip.items()}),
        )
        for index, population in enumerate(trace.graph.populations)
    )


def step_rows(trace: Trace, latency: Latency, energy: Energy) -> tuple[ChipStep, ...]:
    """One row per chip step."""
    return tuple(
        ChipStep(
            step=step + 1,
            latency_s=float(latency.steps_s[step]),
            busiest_layer=trace.populations[int(latency.core_s[step].argmax())],
            energy_j=_terms({term: joules[step] for term, joules in energy.on_chip.items()}),
        )
        for step in range(latency.steps)
    )


def chip_use(placement: Placement, chip: Chip) -> ChipUse:
    """How much of the chip the network takes, and what it lacks."""
    return ChipUse(
        name=chip.name,
        title=chip.title,
        summary=chip.summary,
        cores=chip.limits.cores.value,
        cores_used=placement.cores_used,
        tiles_used=placement.tiles_used,
        fits=placement.fits,
        excesses=tuple(
            Excess(limit=excess.limit, used=excess.used, allowed=excess.allowed)
            for excess in placement.excesses
        ),
    )


def constant_rows(chip: Chip) -> tuple[ChipConstant, ...]:
    """Every limit and cost of the chip."""
    return tuple(
        ChipConstant(
            key=key,
            value=constant.value,
            grade=constant.grade,
            source=constant.source,
            note=constant.note,
        )
        for key, constant in chip.constants()
    )


def source_rows(chip: Chip) -> tuple[Source, ...]:
    """Every source that a number of the chip names, in the chip file's order."""
    named = {constant.source for _, constant in chip.constants()}
    return tuple(
        Source(key=key, citation=citation) for key, citation in chip.sources.items() if key in named
    )


def _per_step(trace: Trace, index: int) -> tuple[float, ...]:
    return tuple((trace.spikes[:, :, index].sum(axis=0) / trace.samples).tolist())


def _synapses_onto(trace: Trace, name: str) -> int:
    incoming = trace.graph.incoming(name)
    return sum(int(fan_out(trace.graph, projection).sum()) for projection in incoming)


def _terms(joules: dict[str, FloatArray]) -> TermEnergy:
    return TermEnergy(**{term: float(values.sum()) for term, values in joules.items()})
