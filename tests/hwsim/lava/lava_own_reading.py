"""Lava's own way to set biases and read states: slow, official. Runs in Lava's environment.

    python -I lava_own_reading.py WORKER NET FOLDER TIME_STEPS end-to-end|isolated

reads FOLDER/inputs.npy, reads u and v with `Var.get` after every step and spikes from a sink on
every layer, and writes FOLDER/states.npz in Lava's order.

end-to-end: biases [N, ...] for N samples under netx's resets, with `Var.set` between them.
isolated: spikes [N, R, ...], R chip steps per sample, with `Var.set` of u, v, every synapse's
buffer and the source's data between them.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np


def import_lava(worker: str) -> Any:
    """netx, with the worker's patches: Lava can't be imported without them."""
    sys.path.insert(0, worker)
    importlib.import_module("patches").import_lava()
    return importlib.import_module("lava.lib.dl.netx.hdf5")


def with_sinks(net: Any, steps: int) -> list[Any]:
    """A spike counter behind every layer."""
    sink = importlib.import_module("lava.proc.io.sink").RingBuffer
    sinks = [sink(shape=layer.shape, buffer=steps) for layer in net.layers]
    for layer, counter in zip(net.layers, sinks, strict=True):
        layer.out.connect(counter.a_in)
    return sinks


class Reading:
    """States of every layer, step by step."""

    def __init__(self, net: Any, steps: int) -> None:
        self.net, self.sinks = net, with_sinks(net, steps)
        self.states: dict[str, list[Any]] = {}

    def step(self) -> None:
        """Runs one step and reads u and v."""
        conditions = importlib.import_module("lava.magma.core.run_conditions")
        configs = importlib.import_module("lava.magma.core.run_configs")
        self.net.run(
            condition=conditions.RunSteps(num_steps=1),
            run_cfg=configs.Loihi2SimCfg(select_tag="fixed_pt"),
        )
        for k, layer in enumerate(self.net.layers):
            self.states.setdefault(f"u{k}", []).append(layer.neuron.u.get())
            self.states.setdefault(f"v{k}", []).append(layer.neuron.v.get())

    def save(self, path: Path) -> None:
        """Stops and writes."""
        spikes: dict[str, Any] = {}
        for k, counter in enumerate(self.sinks):
            spikes[f"s{k}"] = np.moveaxis(counter.data.get(), -1, 0)
        self.net.stop()
        arrays: dict[str, Any] = {key: np.array(rows) for key, rows in self.states.items()}
        np.savez(path, **arrays, **spikes)


def end_to_end(hdf5: Any, net_file: str, folder: Path, window: int) -> None:
    """Biases, held for a sample's window."""
    biases = np.load(folder / "inputs.npy")
    net = hdf5.Network(net_config=net_file, reset_interval=window, reset_offset=0)
    steps = len(biases) * window + len(net.layers) - 1
    reading = Reading(net, steps)
    for step in range(steps):
        sample, into = divmod(step, window)
        if into == 0 and sample < len(biases):
            set_biases(net, biases[sample].T, before_first_run=step == 0)
        reading.step()
    reading.save(folder / "states.npz")


def set_biases(net: Any, values: Any, *, before_first_run: bool) -> None:
    """`Var.set` needs a running network; before that the initial value does."""
    if before_first_run:
        net.in_layer.neuron.bias_mant.init = values.astype(np.int32)
    else:
        net.in_layer.neuron.bias_mant.set(values.astype(np.int32))


def isolated(hdf5: Any, net_file: str, folder: Path) -> None:
    """Spikes, everything zeroed between samples."""
    spikes = np.load(folder / "inputs.npy").astype(np.int32)
    samples, period = spikes.shape[:2]
    data = [np.ascontiguousarray(sample.T) for sample in spikes]
    net = hdf5.Network(net_config=net_file, input_shape=spikes.shape[2:][::-1])
    source = importlib.import_module("lava.proc.io.source").RingBuffer(data=data[0])
    source.s_out.connect(net.inp)
    reading = Reading(net, samples * period)
    for sample in range(samples):
        if sample > 0:
            source.data.set(data[sample])
            for variable in state_variables(net):
                variable.set(np.zeros(variable.shape, dtype=np.int32))
        for _ in range(period):
            reading.step()
    reading.save(folder / "states.npz")


def state_variables(net: Any) -> list[Any]:
    """u, v and the buffers of the synapses."""
    found = []
    for layer in net.layers:
        found += [layer.neuron.u, layer.neuron.v]
        for name in ("synapse", "synapse_rec"):
            synapse = getattr(layer, name, None)
            if synapse is not None:
                found.append(getattr(synapse, "a_buff", None) or synapse.a_buf)
    return found


def main(worker: str, net_file: str, folder: Path, window: int, mode: str) -> None:
    """Runs and writes."""
    hdf5 = import_lava(worker)
    if mode == "isolated":
        isolated(hdf5, net_file, folder)
    else:
        end_to_end(hdf5, net_file, folder, window)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
