"""A netx file as Lava's own netx builds it, driven and watched."""

import importlib
from typing import Any

import h5py
import numpy as np
from driving import bias_schedule, spike_source, timetable_of
from watching import Watch, watch


def netx_network(job: dict[str, Any], inputs: Any) -> tuple[Any, Watch, list[int]]:
    """The network and, per layer, the chip step (from 0) that the first input can reach."""
    first = 0 if has_input_block(job["net"]) else 1
    net = read_network(job, inputs.shape[2:][::-1], first)
    expect_lif(net)
    lag = [first + k for k in range(len(net.layers))]
    timetable = timetable_of(job, len(inputs), lag)
    lag = list(timetable.opens) if timetable.isolated else lag
    neurons = [layer.neuron for layer in net.layers]
    if first == 0:
        schedule = bias_schedule(job, inputs, net.in_layer.shape[::-1], timetable)
        return net, watch(neurons, timetable, {net.in_layer.neuron.id: schedule}), lag
    source = spike_source(job, inputs, net.inp.shape[::-1], timetable)
    source.s_out.connect(net.inp)
    return net, watch(neurons, timetable), lag


def has_input_block(net: str) -> bool:
    """Whether the file starts with neurons that take biases, rather than with synapses."""
    with h5py.File(net, "r") as file:
        first = file["layer/0"]
        return bool(np.ravel(first["type"][()])[0] == b"input" and "neuron" in first)


def read_network(job: dict[str, Any], input_shape: Any, offset: int) -> Any:
    """The file as Lava's netx builds it; samples end to end need its reset in each window."""
    return importlib.import_module("lava.lib.dl.netx.hdf5").Network(
        net_config=job["net"],
        num_layers=job["num_layers"],
        input_shape=tuple(input_shape),
        input_message_bits=job["input_message_bits"],
        reset_interval=job["window"] if job["mode"] == "end to end" else None,
        reset_offset=offset,
    )


def expect_lif(net: Any) -> None:
    """Raises NotImplementedError for neurons that `watching` doesn't see."""
    for k, layer in enumerate(net.layers):
        kind = type(layer.neuron).__name__
        if kind not in ("LIF", "LIFReset"):
            raise NotImplementedError(f"population {k} has {kind} neurons, only LIF is watched")
