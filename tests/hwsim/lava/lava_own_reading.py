"""Lava's own way to set biases and read states: slow, official. Runs in Lava's environment.

    python -I lava_own_reading.py WORKER NET FOLDER TIME_STEPS

reads FOLDER/inputs.npy (biases [N, ...]), runs N samples end to end with `Var.set` between them,
`Var.get` after every step and a sink on every layer, and writes FOLDER/states.npz in Lava's order.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np


def worker_module(path: str) -> Any:
    """The worker, for its patches: Lava can't be imported without them."""
    spec = importlib.util.spec_from_file_location("worker", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_sinks(net: Any, steps: int) -> list[Any]:
    """A spike counter behind every layer."""
    sink = importlib.import_module("lava.proc.io.sink").RingBuffer
    sinks = [sink(shape=layer.shape, buffer=steps) for layer in net.layers]
    for layer, counter in zip(net.layers, sinks, strict=True):
        layer.out.connect(counter.a_in)
    return sinks


def main(worker: str, net_file: str, folder: Path, window: int) -> None:
    """Runs and writes."""
    module = worker_module(worker)
    module.patch_before_import()
    hdf5 = importlib.import_module("lava.lib.dl.netx.hdf5")
    module.patch_after_import()
    conditions = importlib.import_module("lava.magma.core.run_conditions")
    configs = importlib.import_module("lava.magma.core.run_configs")
    biases = np.load(folder / "inputs.npy")
    net = hdf5.Network(net_config=net_file, reset_interval=window, reset_offset=0)
    steps = len(biases) * window + len(net.layers) - 1
    sinks = with_sinks(net, steps)
    states: dict[str, list[Any]] = {}
    for step in range(steps):
        sample, into = divmod(step, window)
        if into == 0 and sample < len(biases):
            set_biases(net, biases[sample].T, before_first_run=step == 0)
        net.run(
            condition=conditions.RunSteps(num_steps=1),
            run_cfg=configs.Loihi2SimCfg(select_tag="fixed_pt"),
        )
        for k, layer in enumerate(net.layers):
            states.setdefault(f"u{k}", []).append(layer.neuron.u.get())
            states.setdefault(f"v{k}", []).append(layer.neuron.v.get())
    spikes: dict[str, Any] = {}
    for k, counter in enumerate(sinks):
        spikes[f"s{k}"] = np.moveaxis(counter.data.get(), -1, 0)
    net.stop()
    arrays: dict[str, Any] = {key: np.array(rows) for key, rows in states.items()}
    np.savez(folder / "states.npz", **arrays, **spikes)


def set_biases(net: Any, values: Any, *, before_first_run: bool) -> None:
    """`Var.set` needs a running network; before that the initial value does."""
    if before_first_run:
        net.in_layer.neuron.bias_mant.init = values.astype(np.int32)
    else:
        net.in_layer.neuron.bias_mant.set(values.astype(np.int32))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
