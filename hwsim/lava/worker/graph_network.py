"""A chip graph built from Lava's processes: the same neurons and synapses that netx uses."""

import importlib
from typing import Any

import numpy as np
from driving import bias_schedule, spike_source, timetable_of
from synapses import connect
from watching import Watch, watch

BIAS_EXPONENT = 6
"""As netx: a bias enters the voltage multiplied by 2^6."""


def graph_network(
    job: dict[str, Any], arrays: dict[str, Any], inputs: Any
) -> tuple[Any, Watch, list[int]]:
    """The network and, per population, the chip step (from 0) at which its window opens."""
    graph = job["graph"]
    neurons = {
        population["name"]: lif(population, arrays_of(arrays, f"population{k}."))
        for k, population in enumerate(graph["populations"])
    }
    ports = {name: process.s_out for name, process in neurons.items()}
    processes = list(neurons.values())
    timetable = timetable_of(job, len(inputs), job["opens"])
    entrance = graph["input"]
    biases = {}
    if entrance["form"] == "bias":
        schedule = bias_schedule(job, inputs, entrance["shape"], timetable)
        biases[neurons[entrance["name"]].id] = schedule
    else:
        source = spike_source(job, inputs, entrance["shape"], timetable)
        ports[entrance["name"]] = source.s_out
    for k, projection in enumerate(graph["projections"]):
        target = neurons[projection["target"]].a_in
        own = arrays_of(arrays, f"projection{k}.")
        connect(projection, own, ports[projection["source"]], target)
    bridge_islands(processes)
    return processes[0], watch(processes, timetable, biases), list(timetable.opens)


def lif(population: dict[str, Any], values: dict[str, Any]) -> Any:
    """Neurons with the parameters that netx gives them; per-neuron ones in (W, H, C)."""
    shape = tuple(population["shape"])
    bias = np.broadcast_to(values["bias"], shape).T
    return importlib.import_module("lava.proc.lif.process").LIF(
        shape=shape[::-1],
        du=in_lavas_order(values["decay_u"]) - 1,
        dv=in_lavas_order(values["decay_v"]),
        vth=in_lavas_order(values["threshold"]),
        bias_mant=np.ascontiguousarray(bias, dtype=np.int32),
        bias_exp=BIAS_EXPONENT,
    )


def in_lavas_order(values: Any) -> Any:
    """One value, or one per neuron."""
    return int(values) if values.ndim == 0 else np.ascontiguousarray(values.T)


def bridge_islands(processes: list[Any]) -> None:
    """Lava runs what is connected; synapses without any weight join what isn't."""
    find = importlib.import_module("lava.magma.compiler.compiler_graphs").find_processes
    sparse = importlib.import_module("lava.proc.sparse.process").Sparse
    matrix = importlib.import_module("scipy.sparse").csr_matrix
    mode = importlib.import_module("lava.utils.weightutils").SignMode.MIXED
    reached = set(find(processes[0]))
    for process in processes:
        if process in reached:
            continue
        ports = processes[0].s_out.flatten(), process.a_in
        nothing = matrix((ports[1].size, ports[0].size), dtype=int)
        bridge = sparse(weights=nothing, sign_mode=mode, num_weight_bits=9)
        ports[0].connect(bridge.s_in)
        bridge.a_out.reshape(ports[1].shape).connect(ports[1])
        reached |= set(find(process))


def arrays_of(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Those whose name starts with the prefix, without it."""
    return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
