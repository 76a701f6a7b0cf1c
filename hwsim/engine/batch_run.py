"""All populations of a graph for one batch of samples."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from export.chip.graph import ChipGraph, Population, Projection
from hwsim.engine.drive import Drive
from hwsim.engine.neuron import NeuronParameters, neuron_parameters
from hwsim.engine.population_run import Feed, run_population
from hwsim.engine.schedule import Schedule, feeding, looping
from hwsim.engine.synapse import Synapses, synapses_of
from hwsim.engine.tally import Tally
from hwsim.errors import SimulationError

BATCH_BYTES = 16 << 20
"""Working memory of one batch; twice as much already runs slower, out of the caches."""

BYTES_PER_STEP = 5
"""Per neuron, sample and step: a synaptic sum (int32) and a spike (bool)."""

BYTES_PER_KEPT_STEP = 8
"""Per neuron, sample and step whose u and v are kept (int32 each)."""

BYTES_PER_STATE = 48
"""Per neuron and sample: u, v and the temporaries of one neuron step."""


@dataclass(frozen=True)
class BatchPlan:
    """What every batch shares.

    Args:
        graph: the network.
        schedule: its order of computation.
        drive: the inputs.
        neurons: parameters per population.
        feeds: per population, (source, synapses) from elsewhere.
        loops: per population, synapses onto itself.
        lag: steps a projection takes in the trace's time: 1 raw, 0 where windows are aligned.
        device: where torch computes.
        record: keep every state.
    """

    graph: ChipGraph
    schedule: Schedule
    drive: Drive
    neurons: dict[str, NeuronParameters]
    feeds: dict[str, tuple[tuple[str, Synapses], ...]]
    loops: dict[str, tuple[Synapses, ...]]
    lag: int
    device: str
    record: bool


def batch_plan(
    graph: ChipGraph, schedule: Schedule, drive: Drive, *, lag: int, device: str, record: bool
) -> BatchPlan:
    """Moves parameters and weights to the device, each in a type in which it is exact.

    Raises:
        SimulationError: a synaptic sum could leave 32 bits.
    """
    payload_max = {graph.input.name: drive.payload_max} if graph.input.form == "graded" else {}

    def synapses(projections: tuple[Projection, ...]) -> tuple[tuple[str, Synapses], ...]:
        return tuple(
            (projection.source, part)
            for projection in projections
            for part in synapses_of(
                graph, projection, payload_max.get(projection.source, 1), device
            )
        )

    return BatchPlan(
        graph,
        schedule,
        drive,
        neurons={p.name: neuron_parameters(p, device) for p in graph.populations},
        feeds={name: synapses(feeding(graph, name)) for name in schedule.order},
        loops={
            name: tuple(part for _, part in synapses(looping(graph, name)))
            for name in schedule.order
        },
        lag=lag,
        device=device,
        record=record,
    )


def batches(plan: BatchPlan, batch_size: int | None) -> Iterator[slice]:
    """Slices of the samples, as many at once as asked for or as `BATCH_BYTES` holds.

    Raises:
        SimulationError: the batch size isn't positive.
    """
    if batch_size is not None and batch_size < 1:
        raise SimulationError(f"batch_size = {batch_size}, must be at least 1.")
    size = batch_size or max(1, BATCH_BYTES // _bytes_per_sample(plan))
    for start in range(0, plan.drive.samples, size):
        yield slice(start, min(start + size, plan.drive.samples))


def run_batch(plan: BatchPlan, part: slice, tally: Tally) -> None:
    """Computes the samples of `part`, population by population, and enters what happened.

    Raises:
        SimulationError: the readout's voltage is no logit, or the device computes inexactly.
    """
    events: dict[str, Tensor] = {}
    if plan.graph.input.form != "bias":
        events[plan.graph.input.name] = plan.drive.events(part, plan.device)
    for name in plan.schedule.order:
        feeds = [Feed(synapses, events[source]) for source, synapses in plan.feeds[name]]
        run = run_population(
            plan.neurons[name],
            feeds,
            plan.loops[name],
            _biases(plan, name, part),
            (plan.drive.steps, part.stop - part.start, plan.graph.population(name).neurons),
            lag=plan.lag,
            record=_keeps_states(plan, name),
        )
        events[name] = run.spikes
        if part.start == 0:
            _prove(plan, name, events)
        tally.enter(name, part, run)


def _biases(plan: BatchPlan, name: str, part: slice) -> Tensor:
    if plan.graph.input.form == "bias" and plan.graph.input.name == name:
        return plan.drive.biases(part, plan.device)
    return plan.neurons[name].bias.reshape(1, 1, -1)


def _prove(plan: BatchPlan, name: str, events: dict[str, Tensor]) -> None:
    for source, synapses in plan.feeds[name]:
        synapses.prove(events[source].flatten(0, 1))
    for synapses in plan.loops[name]:
        synapses.prove(events[name].flatten(0, 1))


def _keeps_states(plan: BatchPlan, name: str) -> bool:
    return plan.record or plan.graph.read_each_step(name)


def _bytes_per_sample(plan: BatchPlan) -> int:
    steps, populations = plan.drive.steps, plan.graph.populations
    inputs = 0 if plan.graph.input.form == "bias" else 4 * math.prod(plan.graph.input.shape)
    spikes = steps * (sum(population.neurons for population in populations) + inputs)
    return spikes + max(_working_bytes(plan, population) for population in populations)


def _working_bytes(plan: BatchPlan, population: Population) -> int:
    """Per sample, while this population is computed."""
    kept = BYTES_PER_KEPT_STEP if _keeps_states(plan, population.name) else 0
    per_neuron = plan.drive.steps * (BYTES_PER_STEP + kept) + BYTES_PER_STATE
    return population.neurons * per_neuron
