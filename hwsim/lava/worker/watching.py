"""Reading and setting Lava's states where Lava computes them.

`Var.get` would take 20 to 40 us per value, and `Var.set` a pause. Every fixed-point LIF model
begins its step (behind its inputs) in `scale_bias` and ends it in `reset_voltage`; every synapse
model does all of its step in `run_spk`. These methods are wrapped: states go into memory shared
with Lava's child processes (forked later); biases, resets and the rest before a window happen in
place, as `Var.set` would do them between two runs.
tests/hwsim/lava/test_worker.py holds all of it equal to Lava's own `Var.get`, `Var.set` and sink.
"""

import importlib
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from timetable import BiasSchedule, Timetable, reverse_axes

SYNAPSE_MODELS = {
    "lava.proc.dense.models": ("AbstractPyDenseModelBitAcc", "PyDelayDenseModelBitAcc"),
    "lava.proc.sparse.models": ("AbstractPySparseModelBitAcc", "PyDelaySparseModelBitAcc"),
    "lava.proc.conv.models": ("AbstractPyConvModel",),
}
"""Module -> classes that hold `run_spk` of Lava's synapses; each keeps its sums in one buffer."""

BUFFERS = ("a_buff", "a_buf")


class Probe:
    """u, v and spikes of one population at every step, in memory shared with Lava's children."""

    def __init__(self, steps: int, shape: tuple[int, ...]) -> None:
        self.u = shared_zeros((steps, *shape), np.int32)
        self.v = shared_zeros((steps, *shape), np.int32)
        self.s = shared_zeros((steps, *shape), np.int8)


def shared_zeros(shape: tuple[int, ...], dtype: type) -> Any:
    """An array that processes forked from this one write to and read from."""
    count = int(np.prod(shape))
    memory = mmap.mmap(-1, max(count * np.dtype(dtype).itemsize, 1))
    return np.frombuffer(memory, dtype=dtype, count=count).reshape(shape)


@dataclass
class Watch:
    """Everything about the job that runs; one at a time.

    Args:
        timetable: when samples start and windows open.
        position: Lava's id of a neuron process -> its population's number.
        probes: per population, where its states go.
        biases: Lava's id of the input neurons -> what they are driven by.
        clock: [1], the last chip step that the last population has finished.
    """

    timetable: Timetable
    position: dict[int, int]
    probes: list[Probe]
    biases: dict[int, BiasSchedule]
    clock: Any


_now: list[Watch] = []


def watch(
    neurons: Sequence[Any], timetable: Timetable, biases: dict[int, BiasSchedule] | None = None
) -> Watch:
    """From now on the processes of these populations are watched, and no others."""
    probes = [Probe(timetable.rows, neuron.s_out.shape) for neuron in neurons]
    position = {neuron.id: k for k, neuron in enumerate(neurons)}
    clock = shared_zeros((1,), np.int64)
    _now[:] = [Watch(timetable, position, probes, biases or {}, clock)]
    return _now[0]


def recorded(job: Watch) -> dict[str, Any]:
    """Arrays `u<k>`, `v<k>`, `s<k>` [samples * window, *shape] in C, H, W order."""
    return {
        f"{state}{k}": reverse_axes(values, kept=1)
        for k, probe in enumerate(job.probes)
        for state, values in vars(probe).items()
    }


def wrap_models() -> None:
    """Wraps the methods once, before any network is built."""
    _wrap_neurons(importlib.import_module("lava.proc.lif.models").AbstractPyLifModelFixed)
    for module, names in SYNAPSE_MODELS.items():
        for name in names:
            model = getattr(importlib.import_module(module), name)
            model.run_spk = _from_silence(model.run_spk)


def _wrap_neurons(model: Any) -> None:
    reset_voltage, scale_bias = model.reset_voltage, model.scale_bias

    def reset_and_record(self: Any, spike_vector: Any) -> None:
        reset_voltage(self, spike_vector=spike_vector)
        for job in _now:
            _record(job, self, spike_vector)

    def set_and_scale_bias(self: Any) -> None:
        for job in _now:
            if self.model_id in job.biases:
                self.bias_mant[:] = job.biases[self.model_id].at(self.time_step)
        scale_bias(self)
        for job in _now:
            _hold_at_rest(job, self)

    model.reset_voltage, model.scale_bias = reset_and_record, set_and_scale_bias


def _record(job: Watch, neurons: Any, spikes: Any) -> None:
    population = job.position.get(neurons.model_id)
    if population is None:
        return
    row = job.timetable.row(population, neurons.time_step)
    if row is not None:
        probe = job.probes[population]
        probe.u[row], probe.v[row], probe.s[row] = neurons.u, neurons.v, spikes
    if population == len(job.probes) - 1:
        job.clock[0] = neurons.time_step


def _hold_at_rest(job: Watch, neurons: Any) -> None:
    population = job.position.get(neurons.model_id)
    if population is None:
        return
    rests = job.timetable.rests(population, neurons.time_step)
    if rests or job.timetable.starts(neurons.time_step):
        neurons.u[...] = 0
        neurons.v[...] = 0
    if rests:
        neurons.effective_bias = np.zeros_like(neurons.effective_bias)


def _from_silence(run_spk: Callable[[Any], None]) -> Callable[[Any], None]:
    def run(self: Any) -> None:
        if any(job.timetable.starts(self.time_step) for job in _now):
            for name in BUFFERS:
                if hasattr(self, name):
                    getattr(self, name)[...] = 0
        run_spk(self)

    return run
