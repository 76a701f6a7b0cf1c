"""A trace in the making: counts are entered batch by batch, population by population."""

from dataclasses import dataclass, field
from math import prod
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from export.chip.graph import ChipGraph, IntArray
from export.chip.timing import Timing
from hwsim.engine.drive import Drive
from hwsim.engine.group_run import PopulationRun
from hwsim.engine.layout import channels_first
from hwsim.engine.recording import Allocate, Recording
from hwsim.engine.trace import COUNTS, Trace
from hwsim.errors import SimulationError

KEPT_TYPES = {"u": np.int32, "v": np.int32, "s": np.uint8}
"""How the states of a population are kept."""

READOUT_FAULTS = {"spikes": "fired", "saturations": "saturated", "wraps": "wrapped"}
"""Events after which a readout's voltage isn't the sum of its inputs any more."""


@dataclass(frozen=True)
class Tally:
    """Arrays of a trace, filled as batches finish; see `Trace` for their meaning and shapes.

    Batches enter their own rows only, so that several can do so at once; what is counted by neuron
    they add up one after the other.
    """

    graph: ChipGraph
    timing: Timing
    recording: Recording
    chip_time: bool
    counts: dict[str, IntArray]
    readout: IntArray
    output_spikes: IntArray
    readout_steps: IntArray | None
    recordings: dict[str, dict[str, NDArray[Any]]]
    neuron_spikes: dict[str, IntArray]
    neuron_active: dict[str, IntArray]
    input_writes: int
    adding: Lock = field(default_factory=Lock)

    @classmethod
    def empty(
        cls,
        graph: ChipGraph,
        timing: Timing,
        drive: Drive,
        recording: Recording,
        allocate: Allocate,
        *,
        chip_time: bool,
        count_neurons: bool,
    ) -> "Tally":
        """Room for every sample, step and population; `chip_time` if steps are the chip's own."""
        samples, steps = drive.samples, drive.steps
        output = graph.population(timing.order[-1])
        classes = sum(graph.population(r.population).neurons for r in graph.readouts)
        weighted = any(readout.weights is not None for readout in graph.readouts)

        def room(*shape: int) -> IntArray:
            return allocate(shape, np.int64)

        def each_neuron(*names: str) -> dict[str, IntArray]:
            counted = names if count_neurons else ()
            return {name: room(steps, prod(graph.source_shape(name))) for name in counted}

        def kept(name: str) -> dict[str, NDArray[Any]]:
            rows = recording.rows(samples)
            shape = (rows.stop - rows.start, steps, *graph.population(name).shape)
            return {key: allocate(shape, KEPT_TYPES[key]) for key in sorted(recording.of(name))}

        return cls(
            graph,
            timing,
            recording,
            chip_time,
            {name: room(samples, steps, len(timing.order)) for name in COUNTS},
            readout=room(samples, classes),
            output_spikes=room(samples, output.neurons),
            readout_steps=room(samples, steps, classes) if weighted else None,
            recordings={name: kept(name) for name in timing.order if recording.of(name)},
            neuron_spikes=each_neuron(*senders(graph, timing.order)),
            neuron_active=each_neuron(*timing.order),
            input_writes=steps if graph.input.form == "bias" and not drive.constant else 1,
        )

    def enter(self, name: str, part: slice, run: PopulationRun) -> None:
        """Enters what population `name` did with the samples of `part`.

        Raises:
            SimulationError: it is a readout, and fired, saturated or wrapped.
        """
        column = self.timing.order.index(name)
        done = run.advance
        happened = {
            "spikes": done.fired,
            "synops": run.synops,
            "active_updates": done.active,
            "messages": done.fired * len(self.graph.outgoing(name)),
            "saturations": done.saturations,
            "wraps": done.wraps,
        }
        for key, count in happened.items():
            self.counts[key][part, :, column] = _samples_first(count)
        shape = self.graph.population(name).shape
        if column == len(self.timing.order) - 1:
            fired = channels_first(done.spikes.sum(dim=0).cpu().numpy(), shape)
            self.output_spikes[part] = fired.reshape(len(fired), -1)
        self._read_out(name, part, column, run)
        self._record(name, part, run)
        if name in self.neuron_active:
            self._add(self.neuron_spikes[name], done.neuron_fired, shape)
            self._add(self.neuron_active[name], done.neuron_active, shape)

    def enter_input(self, sent: Tensor) -> None:
        """Enters events of the external input, [T or 1, sources], summed over a batch's samples."""
        driven = self.graph.input
        self._add(self.neuron_spikes[driven.name], sent, driven.shape)

    def trace(self) -> Trace:
        """The finished trace."""
        order = self.timing.order
        depth = [0 if self.chip_time else self.timing.depth[name] for name in order]
        return Trace(
            graph=self.graph,
            populations=order,
            neurons=np.array([self.graph.population(name).neurons for name in order]),
            depth=np.array(depth),
            **self.counts,
            readout=self.readout,
            output_spikes=self.output_spikes,
            readout_steps=self.readout_steps,
            recordings=self.recordings,
            neuron_spikes=self.neuron_spikes,
            neuron_active=self.neuron_active,
            input_writes=self.input_writes,
        )

    def _add(self, room: IntArray, counted: Tensor, shape: tuple[int, ...]) -> None:
        ordered = channels_first(counted.cpu().numpy(), shape).reshape(len(counted), -1)
        with self.adding:
            room += ordered

    def _read_out(self, name: str, part: slice, column: int, run: PopulationRun) -> None:
        columns = readout_columns(self.graph).get(name)
        if columns is None:
            return
        self._check_readout(name, part, column)
        shape = self.graph.population(name).shape
        samples = part.stop - part.start

        def classes(voltages: Tensor) -> IntArray:
            ordered: IntArray = channels_first(voltages.cpu().numpy(), shape)
            return ordered

        self.readout[part, columns] = classes(run.v_last).reshape(samples, -1)
        if self.readout_steps is not None and len(run.advance.v):
            voltages = classes(run.advance.v.transpose(0, 1))
            self.readout_steps[part, :, columns] = voltages.reshape(*voltages.shape[:2], -1)

    def _check_readout(self, name: str, part: slice, column: int) -> None:
        for key, happened in READOUT_FAULTS.items():
            count = self.counts[key][part, :, column]
            if count.any():
                sample, step = (int(index) for index in np.argwhere(count)[0])
                raise SimulationError(
                    f"readout '{name}': {int(count[sample, step])} of its neurons {happened} at "
                    f"step {step + 1} of sample {part.start + sample}, so its voltage is no logit. "
                    "Lower the readout's weight scale."
                )

    def _record(self, name: str, part: slice, run: PopulationRun) -> None:
        if name not in self.recordings:
            return
        samples = self.counts["spikes"].shape[0]
        kept, own = self.recording.overlap(part, samples)
        shape = self.graph.population(name).shape
        states = {"u": run.advance.u, "v": run.advance.v, "s": run.advance.spikes}
        for key, room in self.recordings[name].items():
            if own.stop > own.start:
                room[kept] = channels_first(
                    states[key][:, own].transpose(0, 1).cpu().numpy(), shape
                )


def readout_columns(graph: ChipGraph) -> dict[str, slice]:
    """Per readout population, its columns in a trace's `readout`: readouts lie side by side."""
    found: dict[str, slice] = {}
    start = 0
    for readout in graph.readouts:
        stop = start + graph.population(readout.population).neurons
        found[readout.population] = slice(start, stop)
        start = stop
    return found


def senders(graph: ChipGraph, order: tuple[str, ...]) -> tuple[str, ...]:
    """Whose events are counted by neuron: the populations', and an input's that isn't one."""
    return order if graph.input.form == "bias" else (graph.input.name, *order)


def _samples_first(values: Tensor) -> IntArray:
    array: IntArray = values.transpose(0, 1).cpu().numpy()
    return array
