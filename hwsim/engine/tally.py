"""A trace in the making: counts are entered batch by batch, population by population."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.drive import Drive
from hwsim.engine.population_run import PopulationRun
from hwsim.engine.schedule import Schedule
from hwsim.engine.trace import COUNTS, Trace
from hwsim.errors import SimulationError

READOUT_FAULTS = {"spikes": "fired", "saturations": "saturated", "wraps": "wrapped"}
"""Events after which a readout's voltage isn't the sum of its inputs any more."""


@dataclass(frozen=True)
class Tally:
    """Arrays of a trace, filled as batches finish; see `Trace` for their meaning and shapes."""

    graph: ChipGraph
    schedule: Schedule
    lag: int
    counts: dict[str, IntArray]
    readout: IntArray
    output_spikes: IntArray
    readout_steps: IntArray | None
    recordings: dict[str, dict[str, IntArray]]

    @classmethod
    def empty(
        cls, graph: ChipGraph, schedule: Schedule, drive: Drive, *, lag: int, record: bool
    ) -> "Tally":
        """Room for every sample, step and population; `lag` 1 if columns are the chip's steps."""
        samples, steps = drive.samples, drive.steps
        output = graph.population(schedule.order[-1])
        readout = graph.readout
        classes = 0 if readout is None else graph.population(readout.population).neurons
        weighted = readout is not None and readout.weights is not None
        recorded = graph.populations if record else ()
        return cls(
            graph,
            schedule,
            lag,
            {name: _zeros(samples, steps, len(schedule.order)) for name in COUNTS},
            readout=_zeros(samples, classes),
            output_spikes=_zeros(samples, output.neurons),
            readout_steps=_zeros(samples, steps, classes) if weighted else None,
            recordings={
                population.name: {key: _zeros(samples, steps, *population.shape) for key in "uvs"}
                for population in recorded
            },
        )

    def enter(self, name: str, part: slice, run: PopulationRun) -> None:
        """Enters what population `name` did with the samples of `part`.

        Raises:
            SimulationError: it is the readout, and fired, saturated or wrapped.
        """
        column = self.schedule.order.index(name)
        spikes = run.spikes.sum(dim=2)
        fired = {
            "spikes": spikes,
            "synops": run.synops,
            "active_updates": run.active,
            "messages": spikes * len(self.graph.outgoing(name)),
            "saturations": run.saturations,
            "wraps": run.wraps,
        }
        for key, count in fired.items():
            self.counts[key][part, :, column] = _samples_first(count)
        if column == len(self.schedule.order) - 1:
            self.output_spikes[part] = run.spikes.sum(dim=0).cpu().numpy()
        if self.graph.readout is not None and self.graph.readout.population == name:
            self._check_readout(name, part, column)
            self.readout[part] = run.v[-1].cpu().numpy()
            if self.readout_steps is not None:
                self.readout_steps[part] = _samples_first(run.v)
        if name in self.recordings:
            self._record(name, part, run)

    def trace(self) -> Trace:
        """The finished trace."""
        order = self.schedule.order
        return Trace(
            graph=self.graph,
            populations=order,
            neurons=np.array([self.graph.population(name).neurons for name in order]),
            depth=np.array([0 if self.lag else self.schedule.depth(name) for name in order]),
            **self.counts,
            readout=self.readout,
            output_spikes=self.output_spikes,
            readout_steps=self.readout_steps,
            recordings=self.recordings,
        )

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
        for key, states in (("u", run.u), ("v", run.v), ("s", run.spikes)):
            room = self.recordings[name][key]
            room[part] = _samples_first(states).reshape(room[part].shape)


def _samples_first(values: Tensor) -> IntArray:
    array: IntArray = values.transpose(0, 1).cpu().numpy()
    return array


def _zeros(*shape: int) -> IntArray:
    return np.zeros(shape, dtype=np.int64)
