"""Counts what happens on every core in every chip step, from a trace and a placement."""

import numpy as np

from export.chip.graph import ChipGraph, IntArray, Projection
from export.chip.timing import delays_of
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.events.core_events import CoreEvents
from hwsim.events.reach import Reach, counts_zeros, reach_of
from hwsim.events.traffic import Distances, LinkLoad
from hwsim.placement.placement import Placement


def count_events(
    trace: Trace, placement: Placement, chip: Chip, *, pipelined: bool = False
) -> CoreEvents:
    """Exact counts, summed over the trace's samples.

    A spike is sent in its step and its synaptic operations happen in the step in which the target
    takes them in, one later, or as much later as the synapse's delay says.

    Args:
        trace: with counts per neuron; its graph's populations in the trace's order.
        placement: of that graph.
        chip: says which synapses count.
        pipelined: one sample behind the other, so that every population works in every step.

    Raises:
        ChipError: the trace has no counts per neuron.
    """
    _require_neuron_counts(trace)
    tally = _Tally(trace, placement, pipelined=pipelined)
    for index, name in enumerate(trace.populations):
        tally.enter_updates(index, name)
    for projection, form in zip(trace.graph.projections, placement.formats, strict=True):
        tally.enter_projection(projection, form, zeros=counts_zeros(chip, form))
    tally.enter_outside_words()
    return tally.events()


def chip_steps(trace: Trace, *, pipelined: bool = False) -> int:
    """Chip steps of one inference: T plus one for each step of lag; pipelined, T."""
    return trace.time_steps + (0 if pipelined else int(trace.depth.max()))


class _Tally:
    """Counts in the making, [S, K] each."""

    def __init__(self, trace: Trace, placement: Placement, *, pipelined: bool) -> None:
        self._trace, self._graph, self._placement = trace, trace.graph, placement
        self._pipelined = pipelined
        self._steps = chip_steps(trace, pipelined=pipelined)
        self._index = {name: k for k, name in enumerate(trace.populations)}
        self._links = LinkLoad(placement, self._steps)
        self._synops: dict[SynapseFormat, IntArray] = {}
        names = (
            "active_updates", "inactive_updates", "spikes", "messages_out", "messages_in",
            "messages_in_tile", "hops_east_west", "hops_north_south", "chip_crossings",
            "input_words", "output_words",
        )  # fmt: skip
        self._counts = {name: self._room() for name in names}

    def enter_updates(self, index: int, name: str) -> None:
        """Updates and spikes of one population."""
        cores, when = self._placement.cores_of(index), self._chip_steps_of(name)
        neurons = self._placement.grids[index].neurons
        active = self._counts["active_updates"]
        if not self._pipelined:
            active[:, cores] = self._trace.samples * self._by_core(
                index, _biased(self._graph, name)[None]
            )
        active[when, cores] = self._by_core(index, self._trace.neuron_active[name])
        inactive = self._trace.samples * neurons - active[:, cores]
        self._counts["inactive_updates"][:, cores] = inactive
        self._counts["spikes"][when, cores] = self._by_core(index, self._trace.neuron_spikes[name])

    def enter_projection(self, projection: Projection, form: SynapseFormat, *, zeros: bool) -> None:
        """Synaptic operations and messages of one projection."""
        target = self._index[projection.target]
        receivers, grid = self._placement.cores_of(target), self._placement.grids[target]
        delays = [int(delay) for delay in delays_of(projection)]

        def reach(delay: int | None) -> Reach:
            shared = form == "conv"
            return reach_of(self._graph, projection, delay, grid, zeros=zeros, shared=shared)

        for delay in delays:
            arrived, when = self._arrivals(projection, delay)
            synops = self._synops.setdefault(form, self._room())
            synops[when, receivers] += reach(delay).synops(arrived)
        # A message serves all delays of its projection, and comes in with the earliest.
        arrived, when = self._arrivals(projection, delays[0])
        received = self._sent(projection, reach(None), receivers)[: len(when)].sum(axis=1)
        self._counts["messages_in"][when, receivers] += received
        if projection.source not in self._index:
            self._counts["input_words"][when, receivers] += received

    def _sent(self, projection: Projection, reach: Reach, receivers: slice) -> IntArray:
        """Messages [T, senders, receivers]; the external input is one sender, off the chip."""
        spikes = self._trace.neuron_spikes[projection.source]
        if projection.source not in self._index:
            shape = self._graph.source_shape(projection.source)
            return reach.messages(spikes, tuple(slice(0, size) for size in shape))[:, None]
        source = self._index[projection.source]
        blocks = self._placement.grids[source].blocks()
        sent = np.stack([reach.messages(spikes, block) for block in blocks], axis=1)
        self._send(sent, source, receivers, self._chip_steps_of(projection.source))
        return sent

    def enter_outside_words(self) -> None:
        """Biases that the host writes, voltages or spikes that it reads."""
        trace, graph = self._trace, self._graph
        if graph.input.form == "bias":
            index = self._index[graph.input.name]
            first = self._chip_steps_of(graph.input.name)[: trace.input_writes]
            written = trace.samples * self._placement.grids[index].neurons
            self._counts["input_words"][first, self._placement.cores_of(index)] += written
        for readout in graph.readouts:
            index = self._index[readout.population]
            steps = self._chip_steps_of(readout.population)
            read = steps if graph.read_each_step(readout.population) else steps[-1:]
            words = trace.samples * self._placement.grids[index].neurons
            self._counts["output_words"][read, self._placement.cores_of(index)] += words
        if not graph.readouts:
            cores = self._placement.cores_of(len(trace.populations) - 1)
            self._counts["output_words"][:, cores] = self._counts["spikes"][:, cores]

    def events(self) -> CoreEvents:
        """The finished counts."""
        return CoreEvents(
            samples=self._trace.samples,
            **self._counts,
            synops=self._synops,
            link_messages=self._links.busiest(),
        )

    def _send(self, sent: IntArray, source: int, receivers: slice, when: IntArray) -> None:
        """Enters messages [T, senders, receivers] at their senders."""
        senders = self._placement.cores_of(source)
        distances = Distances.between(self._placement, senders, receivers)
        moved = {
            "messages_out": np.ones_like(distances.in_tile),
            "messages_in_tile": distances.in_tile,
            "hops_east_west": distances.east_west,
            "hops_north_south": distances.north_south,
            "chip_crossings": distances.crossings,
        }
        for name, each in moved.items():
            self._counts[name][when, senders] += (sent * each).sum(axis=2)
        self._links.add(sent, senders, receivers, when)

    def _arrivals(self, projection: Projection, delay: int) -> tuple[IntArray, IntArray]:
        """Spikes [t, sources] that arrive in the target's window, and the chip steps [t]."""
        depth = self._trace.depth[self._index[projection.target]]
        before = self._index.get(projection.source)
        source_depth = 0 if before is None else self._trace.depth[before]
        lag = int(1 + delay + source_depth - depth)
        spikes = self._trace.neuron_spikes[projection.source]
        arrived = spikes[: max(0, len(spikes) - lag)]
        return arrived, self._chip_steps_of(projection.target)[lag:]

    def _by_core(self, index: int, counts: IntArray) -> IntArray:
        """Counts [t, neurons] of a population summed over its blocks, [t, cores]."""
        grid = self._placement.grids[index]
        shaped = counts.reshape(len(counts), *grid.shape)
        sums = [
            shaped[(slice(None), *block)].reshape(len(counts), -1).sum(axis=1)
            for block in grid.blocks()
        ]
        return np.stack(sums, axis=1)

    def _chip_steps_of(self, name: str) -> IntArray:
        """[T] chip steps of a population's window, from 0."""
        depth = int(self._trace.depth[self._index[name]])
        window: IntArray = (depth + np.arange(self._trace.time_steps)) % self._steps
        return window

    def _room(self) -> IntArray:
        return np.zeros((self._steps, self._placement.cores_used), dtype=np.int64)


def _biased(graph: ChipGraph, name: str) -> IntArray:
    """[neurons] whether a neuron stays active outside its window: it has a bias."""
    population = graph.population(name)
    if graph.input.form == "bias" and graph.input.name == name:
        return np.ones(population.neurons, dtype=np.int64)
    biased = np.broadcast_to(population.bias != 0, population.shape)
    return biased.reshape(-1).astype(np.int64)


def _require_neuron_counts(trace: Trace) -> None:
    missing = [name for name in trace.populations if name not in trace.neuron_active]
    if missing:
        raise ChipError(
            f"trace: no counts per neuron of population '{missing[0]}', so which cores its events "
            "belong to isn't known. Simulate again with count_neurons=True."
        )
