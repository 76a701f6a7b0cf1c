"""Spyx: `spyx.nir.to_nir(model, input_shape, output_shape, dt=1)`.

tau = dt/(1 - beta), the gain is 1 whatever r says, and a neuron's output is its spike of the step
before, which is also what resets it:

    LIF      s[t] = V[t-1] > threshold ;  V[t] = beta V[t-1] + x[t] - threshold s[t]
    CuBaLIF  V[t] = beta (V[t-1] - threshold s[t]) + I[t] ;  I[t] = alpha I[t-1] + x[t]

That is a neuron that subtracts (a step later in LIF and IF) and whose output lags one step. A
recurrent layer is written as if its input went through the recurrent weights; it runs otherwise.
Source: spyx 1.0.0, nir.py, nn.py.
"""

from typing import Any

import nir
import numpy as np

from export.importing.reading import FloatArray, Reading, current_based, doubles, leaky
from export.importing.writer import Writer


def _read(name: str, node: Any, dt_s: float) -> Reading:
    del name
    if isinstance(node, nir.IF):
        one = np.ones_like(doubles(node.v_threshold))
        return Reading(leaky(node, dt_s, decay=one, gain=one), "subtract-delayed", lag=1)
    if isinstance(node, nir.LIF):
        decay = _decay(node.tau, dt_s)
        neuron = leaky(node, dt_s, decay=decay, gain=np.ones_like(decay))
        return Reading(neuron, "subtract-delayed", lag=1)
    if isinstance(node, nir.CubaLIF):
        decay = _decay(node.tau_mem, dt_s)
        one = np.ones_like(decay)
        neuron = current_based(
            node,
            dt_s,
            synapse_decay=_decay(node.tau_syn, dt_s),
            synapse_gain=one,
            decay=decay,
            gain=one,
        )
        return Reading(neuron, "subtract", lag=1)
    if isinstance(node, nir.LI):
        tau = doubles(node.tau)
        return Reading(nir.LI(tau=tau, r=tau / dt_s, v_leak=doubles(node.v_leak)))
    return Reading(node)


def _decay(tau: Any, dt_s: float) -> FloatArray:
    decay: FloatArray = 1 - dt_s / doubles(tau)
    return decay


def _may_have_written(node: nir.NIRNode) -> bool:
    if isinstance(node, nir.IF):
        return bool((doubles(node.r) == 1).all())
    if isinstance(node, nir.LIF | nir.CubaLIF):
        tau = doubles(node.tau if isinstance(node, nir.LIF) else node.tau_mem)
        return bool(np.allclose(doubles(node.r), 1 - DT_S / tau, rtol=1e-3, atol=1e-6))
    return isinstance(node, nir.LI)


def _rewired(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Inputs of recurrent layers go to the neuron itself, not to its recurrent weights."""
    nodes = {
        name: _rewired(node) if isinstance(node, nir.NIRGraph) else node
        for name, node in graph.nodes.items()
    }
    entries = {name for name, node in nodes.items() if isinstance(node, nir.Input)}
    neurons = [
        name for name, node in nodes.items() if isinstance(node, nir.LIF | nir.IF | nir.CubaLIF)
    ]
    recurrent = len(nodes) == RECURRENT_NODES and len(neurons) == 1
    edges = [
        (source, neurons[0]) if recurrent and source in entries else (source, target)
        for source, target in graph.edges
    ]
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata, type_check=False)


DT_S = 1.0
RECURRENT_NODES = 4
"""Input, neuron, recurrent weights, Output."""

SPYX = Writer("Spyx", DT_S, _read, _may_have_written, rewired=_rewired)
