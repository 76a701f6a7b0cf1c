"""What every batch of a simulation shares: moved to the device once, in exact types."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from export.chip.graph import ChipGraph, Population
from export.chip.timing import Timing
from hwsim.engine.drive import Drive
from hwsim.engine.group_run import Feed, Member
from hwsim.engine.neuron import neuron_parameters
from hwsim.engine.recording import Recording
from hwsim.engine.synapse import BINARY, synapses_of
from hwsim.errors import SimulationError

BATCH_BYTES = 8 << 20
"""Working memory of one batch on one core; more runs slower, out of the caches."""

BYTES_PER_STEP = 5
"""Per neuron, sample and step: a synaptic sum (4) and a spike."""

BYTES_PER_KEPT_STEP = 8
"""Per neuron, sample and step whose u and v are kept (int32 each)."""

BYTES_PER_STATE = 8
"""Per neuron and sample: u and v."""


@dataclass(frozen=True)
class BatchPlan:
    """What every batch shares.

    Args:
        graph: the network.
        timing: its order of computation.
        drive: the inputs.
        groups: populations that are computed together, in order.
        device: where torch computes.
        count_neurons: count spikes and active updates of each neuron.
    """

    graph: ChipGraph
    timing: Timing
    drive: Drive
    groups: tuple[tuple[Member, ...], ...]
    device: str
    count_neurons: bool


def batch_plan(
    graph: ChipGraph,
    timing: Timing,
    drive: Drive,
    recording: Recording,
    *,
    chip_time: bool,
    device: str,
    count_neurons: bool,
) -> BatchPlan:
    """Prepares parameters and weights.

    Args:
        graph: the network.
        timing: its order.
        drive: the inputs.
        recording: what is kept.
        chip_time: count the chip's own steps, each projection taking one; else each population's
            window.
        device: where torch computes.
        count_neurons: count spikes and active updates of each neuron.

    Raises:
        SimulationError: a parameter lies outside Lava's range, or a sum could leave float64's.
    """

    def member(name: str, group: tuple[str, ...]) -> Member:
        population = graph.population(name)
        feeds = _feeds(graph, name, timing, drive, chip_time=chip_time, device=device)
        return Member(
            name,
            neuron_parameters(population, device),
            population.neurons,
            outside=tuple(feed for feed in feeds if feed.source not in group),
            inside=tuple(feed for feed in feeds if feed.source in group),
            keep=bool(recording.of(name) - {"s"}) or graph.read_each_step(name),
            count_neurons=count_neurons,
        )

    groups = tuple(tuple(member(name, group) for name in group) for group in timing.groups)
    return BatchPlan(graph, timing, drive, groups, device, count_neurons)


def batches(plan: BatchPlan, batch_size: int | None, cores: int) -> Iterator[slice]:
    """Slices of the samples, as many at once as asked for or as `BATCH_BYTES` holds.

    Raises:
        SimulationError: the batch size isn't positive.
    """
    if batch_size is not None and batch_size < 1:
        raise SimulationError(f"batch_size = {batch_size}, must be at least 1.")
    samples = plan.drive.samples
    held = max(1, BATCH_BYTES // bytes_per_sample(plan))
    size = batch_size or min(held, -(-samples // cores))
    for start in range(0, samples, size):
        yield slice(start, min(start + size, samples))


def bytes_per_sample(plan: BatchPlan) -> int:
    """Memory that one sample takes while its batch runs."""
    steps, populations = plan.drive.steps, plan.graph.populations
    inputs = 0 if plan.graph.input.form == "bias" else 4 * math.prod(plan.graph.input.shape)
    spikes = steps * (sum(population.neurons for population in populations) + inputs)
    kept = {member.name for group in plan.groups for member in group if member.keep}
    working = max(_working_bytes(population, steps, kept) for population in populations)
    return spikes + working


def _feeds(
    graph: ChipGraph, name: str, timing: Timing, drive: Drive, *, chip_time: bool, device: str
) -> list[Feed]:
    found = []
    for projection in graph.incoming(name):
        graded = projection.source == graph.input.name and graph.input.form == "graded"
        payload = drive.payload if graded else BINARY
        for synapses in synapses_of(graph, projection, payload, device):
            delay = synapses.delay
            lag = 1 + delay if chip_time else timing.lag(projection, delay)
            found.append(Feed(projection.source, synapses, lag))
    return found


def _working_bytes(population: Population, steps: int, kept: set[str]) -> int:
    """Per sample, while this population is computed."""
    states = BYTES_PER_KEPT_STEP if population.name in kept else 0
    return population.neurons * (steps * (BYTES_PER_STEP + states) + BYTES_PER_STATE)
