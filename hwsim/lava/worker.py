"""Runs netx files through Lava; started by `hwsim.lava.runner` with the Lava environment's Python.

Stand-alone: it imports nothing of the project, since the Lava environment holds nothing of it.

    python -I worker.py FOLDER

reads FOLDER/jobs.json and FOLDER/inputs.npz (arrays "0", "1", ...) and writes, as each job is
done, FOLDER/result_<k>.npz; a failure ends the run with its traceback in FOLDER/failure.txt. Lava
prints warnings to stdout, so nothing is returned there. Without FOLDER it only imports Lava.

Lava 0.10.0 is archived and declares Python 3.10; it runs on later ones without torch after small
patches made from outside, none of which touches its arithmetic. Nothing in site-packages changes.

States are read where Lava computes them: `Var.get` would take 20 to 40 us per value. Every
fixed-point LIF model ends its step in `reset_voltage` and begins it with `scale_bias`, so these two
methods are wrapped: the first then copies u, v and spikes into memory shared with Lava's child
processes (forked later), the second first sets `bias_mant`, as `Var.set` does between two runs.
tests/hwsim/lava/test_worker.py holds both equal to Lava's own `Var.get`, `Var.set` and sink.
"""

import dataclasses
import functools
import importlib
import json
import mmap
import os
import signal
import sys
import sysconfig
import time
import traceback
import types
from pathlib import Path
from typing import Any

import h5py
import numpy as np

INT16_MAX = (1 << 15) - 1
POLL_S = 0.01


def patch_before_import() -> None:
    """What must be in place before the first `import lava`."""
    _hashable_lava_dataclasses()
    _stub_slayer()
    _stub_sequential_modules()


def _hashable_lava_dataclasses() -> None:
    """Since Python 3.11 a dataclass default must be hashable; some of Lava's aren't."""
    original = dataclasses.dataclass

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        def decorate(plain: type) -> type:
            made: type = original(plain, **options)
            if made.__module__.partition(".")[0] == "lava" and made.__hash__ is None:
                made.__hash__ = object.__hash__
            return made

        return decorate if cls is None else decorate(cls)

    vars(dataclasses)["dataclass"] = dataclass


def _stub_slayer() -> None:
    """Netx imports one function of slayer, for resonate-and-fire neurons; slayer needs torch."""

    def neuron_params(config: object) -> None:
        raise NotImplementedError("resonate-and-fire neurons need slayer, which isn't installed")

    for name in ("lava.lib.dl.slayer", "lava.lib.dl.slayer.neuron", "lava.lib.dl.slayer.neuron.rf"):
        sys.modules[name] = types.ModuleType(name)
    vars(sys.modules["lava.lib.dl.slayer.neuron.rf"])["neuron_params"] = neuron_params


def _stub_sequential_modules() -> None:
    """This module of netx needs torch too.

    Lava's compiler executes every .py file beside a stub's `__file__`: only Lava's own folder will
    do.
    """
    name = "lava.lib.dl.netx.sequential_modules"
    stub = types.ModuleType(name)
    packages = Path(sysconfig.get_paths()["purelib"])
    stub.__file__ = str(packages.joinpath(*name.split(".")).with_suffix(".py"))
    sys.modules[name] = stub


def patch_after_import() -> None:
    """NumPy 2.4 removed a keyword and a conversion that Lava uses."""
    if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        _reshape_without_newshape()
        _scalar_input_transform()


def _reshape_without_newshape() -> None:
    port = importlib.import_module("lava.magma.core.process.ports.ports").ReshapePort
    port.get_transform_func_fwd = lambda self: functools.partial(_reshape, shape=self.shape)
    port.get_transform_func_bwd = lambda self: functools.partial(_reshape, shape=self.old_shape)


def _reshape(array: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(array, shape)


def _scalar_input_transform() -> None:
    net_dict = importlib.import_module("lava.lib.dl.netx.utils").NetDict
    original = net_dict.__getitem__

    def getitem(self: Any, key: Any) -> Any:
        value = original(self, key)
        one_value = key in ("weight", "bias") and np.size(value) == 1
        return np.reshape(value, ()) if one_value and self["type"] == "input" else value

    net_dict.__getitem__ = getitem


class Probe:
    """u, v and spikes of one population at every step, in memory shared with Lava's children."""

    def __init__(self, steps: int, shape: tuple[int, ...]) -> None:
        self.u = _shared_zeros((steps, *shape), np.int32)
        self.v = _shared_zeros((steps, *shape), np.int32)
        self.s = _shared_zeros((steps, *shape), np.int8)


def _shared_zeros(shape: tuple[int, ...], dtype: type) -> Any:
    count = int(np.prod(shape))
    memory = mmap.mmap(-1, max(count * np.dtype(dtype).itemsize, 1))
    return np.frombuffer(memory, dtype=dtype, count=count).reshape(shape)


class BiasSchedule:
    """Bias mantissas of the input neurons: each row holds for `hold` steps, the last for good."""

    def __init__(self, rows: Any, hold: int) -> None:
        self.rows, self.hold = rows, hold

    def at(self, time_step: int) -> Any:
        """The row that holds at a chip step, counted from 1 as Lava does."""
        return self.rows[min((time_step - 1) // self.hold, len(self.rows) - 1)]


probes: dict[int, Probe] = {}
"""Lava's id of a neuron process -> where its states go."""

schedules: dict[int, BiasSchedule] = {}
"""Lava's id of the input neuron's process -> its biases."""


def watch_neurons() -> None:
    """Wraps the two methods that every fixed-point LIF model calls once per step."""
    model = importlib.import_module("lava.proc.lif.models").AbstractPyLifModelFixed
    reset_voltage, scale_bias = model.reset_voltage, model.scale_bias

    def reset_and_record(self: Any, spike_vector: Any) -> None:
        reset_voltage(self, spike_vector=spike_vector)
        probe = probes.get(self.model_id)
        if probe is not None:
            row = self.time_step - 1
            probe.u[row], probe.v[row], probe.s[row] = self.u, self.v, spike_vector

    def set_and_scale_bias(self: Any) -> None:
        schedule = schedules.get(self.model_id)
        if schedule is not None:
            self.bias_mant[:] = schedule.at(self.time_step)
        scale_bias(self)

    model.reset_voltage, model.scale_bias = reset_and_record, set_and_scale_bias


def run_job(job: dict[str, Any], inputs: Any, result: Path) -> None:
    """Runs one file and saves, per layer k, `u<k>`, `v<k>`, `s<k>` [steps, *shape], and `lag`.

    `lag[k]` is the chip step, counted from 0, at which the first input can reach layer k.
    """
    window: int | None = job["time_steps"]
    first = 0 if has_input_block(job["net"]) else 1
    per_step = inputs.shape[1:] if window is None else inputs.shape[2:]
    net = read_network(job, input_shape=per_step[::-1], window=window, offset=first)
    expect_lif(net)
    lag = [first + k for k in range(len(net.layers))]
    steps = job["steps"] if window is None else len(inputs) * window + lag[-1]
    if first == 0:
        drive_by_bias(net, inputs, window)
    else:
        drive_by_spikes(net, inputs if window is None else end_to_end(inputs, window), steps)
    watched = [Probe(steps, layer.shape) for layer in net.layers]
    probes.clear()
    for layer, probe in zip(net.layers, watched, strict=True):
        probes[layer.neuron.id] = probe
    run_network(net, steps)
    arrays: dict[str, Any] = {"lag": np.array(lag)}
    for k, probe in enumerate(watched):
        arrays |= {f"{name}{k}": reverse_axes(values) for name, values in vars(probe).items()}
    np.savez(result, **arrays)


def has_input_block(net: str) -> bool:
    """Whether the file starts with neurons that take biases, rather than with synapses."""
    with h5py.File(net, "r") as file:
        first = file["layer/0"]
        return bool(np.ravel(first["type"][()])[0] == b"input" and "neuron" in first)


def read_network(job: dict[str, Any], input_shape: Any, window: int | None, offset: int) -> Any:
    """The file as Lava's netx builds it, with a reset every `window` steps."""
    return importlib.import_module("lava.lib.dl.netx.hdf5").Network(
        net_config=job["net"],
        num_layers=job["num_layers"],
        input_shape=tuple(input_shape),
        input_message_bits=job["input_message_bits"],
        reset_interval=window,
        reset_offset=offset,
    )


def expect_lif(net: Any) -> None:
    """Raises NotImplementedError for neurons that `watch_neurons` doesn't see."""
    for k, layer in enumerate(net.layers):
        kind = type(layer.neuron).__name__
        if kind not in ("LIF", "LIFReset"):
            raise NotImplementedError(f"population {k} has {kind} neurons, only LIF is watched")


def drive_by_bias(net: Any, rows: Any, window: int | None) -> None:
    """Bias mantissas for the input block: per step, or per sample and held for its window."""
    shape, hold = net.in_layer.shape[::-1], 1
    if window is not None and rows.ndim == 1 + len(shape):
        hold = window
    elif window is not None:
        rows = end_to_end(rows, window)
    expect_shape(rows.shape[1:], shape)
    if np.abs(rows).max(initial=0) > INT16_MAX:
        raise ValueError(f"bias mantissa beyond +-{INT16_MAX}, which Lava's int16 would wrap")
    schedules.clear()
    schedules[net.in_layer.neuron.id] = BiasSchedule(reverse_axes(rows), hold)


def drive_by_spikes(net: Any, stream: Any, steps: int) -> None:
    """Spikes or payloads [steps, C, H, W] or [steps, N] for the first synapses, then silence."""
    shape = net.inp.shape[::-1]
    if len(shape) == 1:
        stream = stream.reshape(len(stream), -1)
    expect_shape(stream.shape[1:], shape)
    data = np.zeros((*net.inp.shape, steps), dtype=np.int32)
    data[..., : len(stream)] = stream[:steps].T
    source = importlib.import_module("lava.proc.io.source").RingBuffer(data=data)
    source.s_out.connect(net.inp)


def end_to_end(samples: Any, window: int) -> Any:
    """[N, T, ...] as one stream [N * T, ...]."""
    if samples.shape[1] != window:
        raise ValueError(f"inputs of {samples.shape[1]} steps per sample, the window has {window}")
    return samples.reshape(-1, *samples.shape[2:])


def expect_shape(given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raises ValueError when one step of the input isn't what the network takes."""
    given, wanted = tuple(map(int, given)), tuple(map(int, wanted))
    if given != wanted:
        raise ValueError(f"inputs of shape {given} per step, the network takes {wanted}")


def reverse_axes(rows: Any) -> Any:
    """[steps, C, H, W] <-> [steps, W, H, C], Lava's order; [steps, N] stays."""
    return rows.transpose(0, *range(rows.ndim - 1, 0, -1))


def run_network(net: Any, steps: int) -> None:
    """Compiles, runs `steps` steps and stops."""
    conditions = importlib.import_module("lava.magma.core.run_conditions")
    configs = importlib.import_module("lava.magma.core.run_configs")
    net.create_runtime(run_cfg=configs.Loihi2SimCfg(select_tag="fixed_pt"))
    net.run(condition=conditions.RunSteps(num_steps=steps, blocking=False))
    wait_or_fail(net.runtime)
    net.wait()
    net.stop()


class ChildFailure(Exception):
    """The traceback of one of Lava's child processes."""


def wait_or_fail(runtime: Any) -> None:
    """Waits for the end of a run; Lava itself would wait for ever once a child has failed.

    The other children then wait for its messages. Its traceback lies where nothing prints it.
    """
    actors = runtime._messaging_infrastructure.actors
    while not any(port.probe() for port in runtime.service_to_runtime):
        for actor in actors:
            # Asked for first, since a failing child sends its exception before it ends.
            exit_status = actor.exitcode
            if actor.exception:
                raise ChildFailure(actor.exception[1])
            if exit_status is not None:
                raise ChildFailure(f"a Lava process ended early, exit status {exit_status}")
        time.sleep(POLL_S)


def run_jobs(folder: Path) -> None:
    """Runs the folder's jobs in order; a result file appears when its job is done."""
    jobs = json.loads((folder / "jobs.json").read_text())
    partial = folder / "partial.npz"
    with np.load(folder / "inputs.npz", allow_pickle=False) as inputs:
        for k, job in enumerate(jobs):
            run_job(job, inputs[str(k)], partial)
            partial.rename(folder / f"result_{k}.npz")


def tell_failure(
    folder: Path, kind: type[BaseException], error: BaseException, trace: object
) -> None:
    """Whatever stopped the jobs, for the parent to tell."""
    hidden = str(error) if isinstance(error, ChildFailure) else ""
    text = hidden or "".join(traceback.format_exception(error))
    (folder / "failure.txt").write_text(text)
    leave(1)


def end_with_parent() -> None:
    """Looks every second whether the parent still lives: no one else would end this group."""
    parent = os.getppid()

    def look(signum: int, frame: object) -> None:
        if os.getppid() != parent:
            os.killpg(os.getpid(), signal.SIGTERM)

    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)


def leave(status: int) -> None:
    """Ends this process only.

    An ordinary exit would wait for ever for the children that a failed one left waiting; whoever
    started this group ends them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main(arguments: list[str]) -> None:
    """Runs the jobs of a folder; without one, only shows that Lava can be imported."""
    if arguments:
        end_with_parent()
        sys.excepthook = functools.partial(tell_failure, Path(arguments[0]))
    patch_before_import()
    importlib.import_module("lava.lib.dl.netx.hdf5")
    patch_after_import()
    watch_neurons()
    if arguments:
        run_jobs(Path(arguments[0]))
    leave(0)


if __name__ == "__main__":
    main(sys.argv[1:])
