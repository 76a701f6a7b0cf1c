"""The rows of a report: layers, cores, chip steps, the chip and where its numbers come from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.fanout import fan_out
from export.chip.graph import IntArray
from hwsim.chips.chip import Barrier, Chip
from hwsim.chips.constant import Constant
from hwsim.costing.estimate import Estimate
from hwsim.engine.trace import Trace
from hwsim.placement.placement import USES, Placement
from hwsim.report.chip_cost import ChipConstant, ChipStep, Source, TermEnergy
from hwsim.report.model import Layer
from hwsim.report.placed import ChipUse, CoreRow, Excess
from hwsim.report.units import si


def layer_rows(estimate: Estimate) -> tuple[Layer, ...]:
    """One row per population."""
    trace, events, placement = estimate.trace, estimate.events, estimate.placement

    def mean(counts: IntArray) -> float:
        return int(counts.sum()) / trace.samples

    rows = []
    for index, population in enumerate(trace.graph.populations):
        cores = placement.cores_of(index)
        spikes = mean(trace.spikes[:, :, index])
        rows.append(
            Layer(
                name=population.name,
                shape=population.shape,
                neurons=population.neurons,
                depth=int(trace.depth[index]),
                spikes_per_inference=spikes,
                spike_rate=spikes / population.neurons / trace.time_steps,
                spikes_per_step=_per_step(trace, index),
                synops_per_inference=sum(mean(c[:, cores]) for c in events.synops.values()),
                messages_per_inference=mean(events.messages_out[:, cores]),
                cores=int(placement.cores[index]),
                synapses_in=_synapses_onto(trace, population.name),
                saturations=int(trace.saturations[:, :, index].sum()),
                wraps=int(trace.wraps[:, :, index].sum()),
                energy_j=_terms(estimate, np.s_[:, cores]),
            )
        )
    return tuple(rows)


def core_rows(estimate: Estimate) -> tuple[CoreRow, ...]:
    """One row per core in use."""
    events, placement = estimate.events, estimate.placement
    synops = sum(events.synops.values(), np.zeros_like(events.spikes))
    columns = estimate.chip.limits.mesh_columns.value

    def mean(counts: IntArray, core: int) -> float:
        return int(counts[:, core].sum()) / events.samples

    return tuple(
        CoreRow(
            core=core,
            layer=placement.populations[population],
            chip=int(placement.chip[core]),
            tile=int(placement.tile[core]),
            column=int(placement.column[core]) - columns * int(placement.chip[core]),
            row=int(placement.row[core]),
            **{use: int(placement.uses[use][core]) for use in USES},
            spikes=mean(events.spikes, core),
            synops=mean(synops, core),
            messages_out=mean(events.messages_out, core),
            messages_in=mean(events.messages_in, core),
            busy_s=float(estimate.latency.core_s[:, core].sum()),
            energy_j=_terms(estimate, np.s_[:, core]),
        )
        for core, population in enumerate(placement.population_of.tolist())
    )


def step_rows(estimate: Estimate) -> tuple[ChipStep, ...]:
    """One row per chip step."""
    latency, placement = estimate.latency, estimate.placement
    busiest = latency.core_s.argmax(axis=1).tolist()
    layer = placement.population_of
    return tuple(
        ChipStep(
            step=step + 1,
            latency_s=float(latency.steps_s[step]),
            busiest_layer=placement.populations[int(layer[core])],
            busiest_core=core,
            energy_j=_terms(estimate, np.s_[step]),
        )
        for step, core in enumerate(busiest)
    )


def chip_use(placement: Placement, chip: Chip) -> ChipUse:
    """How much of the chip the network takes, and what it lacks."""
    limits = chip.limits
    return ChipUse(
        name=chip.name,
        title=chip.title,
        summary=chip.summary,
        cores=limits.cores.value,
        cores_used=placement.cores_used,
        tiles_used=placement.tiles_used,
        chips_used=placement.chips_used,
        mesh_columns=limits.mesh_columns.value,
        mesh_rows=-(-limits.tiles.value // limits.mesh_columns.value),
        cores_per_tile=limits.cores_per_tile.value,
        objective=placement.objective,
        fits=placement.fits,
        excesses=tuple(
            Excess(limit=e.limit, used=e.used, allowed=e.allowed, advice=e.advice)
            for e in placement.excesses
        ),
    )


def constant_rows(chip: Chip) -> tuple[ChipConstant, ...]:
    """Every limit and cost of the chip."""
    return tuple(
        ChipConstant(
            key=key,
            value=_shown(constant),
            grade=constant.grade,
            source=constant.source,
            note=constant.note,
            low=constant.low,
            high=constant.high,
        )
        for key, constant in chip.constants()
    )


def source_rows(chip: Chip) -> tuple[Source, ...]:
    """Every source that a number of the chip names, in the chip file's order."""
    named = {constant.source for _, constant in chip.constants()}
    return tuple(
        Source(key=key, citation=source.citation, url=source.url)
        for key, source in chip.sources.items()
        if key in named
    )


def _shown(constant: Constant[Any]) -> Any:
    """A barrier's points as text: `113 ns from 1, 465 ns from 32 on, linear between`."""
    if not isinstance(constant.value, Barrier):
        return constant.value
    points = ", ".join(f"{si(seconds, 's')} at {n:,}" for n, seconds in constant.value.points)
    return f"{points}; {constant.value.between} between"


def _per_step(trace: Trace, index: int) -> tuple[float, ...]:
    return tuple((trace.spikes[:, :, index].sum(axis=0) / trace.samples).tolist())


def _synapses_onto(trace: Trace, name: str) -> int:
    incoming = trace.graph.incoming(name)
    return sum(int(fan_out(trace.graph, projection).sum()) for projection in incoming)


def _terms(estimate: Estimate, part: Any) -> TermEnergy:
    def joules(values: NDArray[np.float64]) -> float:
        return float(values[part].sum())

    return TermEnergy(**{term: joules(values) for term, values in estimate.energy.on_cores.items()})
