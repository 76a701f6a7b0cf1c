"""Rockpool: `rockpool.nn.modules.torch.nir.to_nir(module, sample)`.

Time constants in seconds, decaying exactly; r = tau exp(-dt/tau) / dt carries the step; Input
shapes count batch and time. LIFTorch, which fires at the threshold, several times a step:

    i <- a (i + x), a = exp(-dt/tau_syn) ;  v <- b v + i, b = exp(-dt/tau_mem)
    n = floor(v / threshold) where v >= threshold ; v <- v - n threshold

LIFNeuronTorch is the same without the synapse, ExpSynTorch the synapse alone.
Source: rockpool 3.1.0, nn/modules/torch/{nir,lif_torch,lif_neuron_torch,exp_syn_torch}.py.
"""

from typing import Any

import nir
import numpy as np

from export.errors import InvalidGraph
from export.importing.reading import FloatArray, Reading, current_based, doubles, leaky
from export.importing.writer import Writer

DT_S = 1e-3
REMARK = "that neurons have no bias is Rockpool's default"


def _read(name: str, node: Any, dt_s: float) -> Reading:
    if isinstance(node, nir.CubaLIF):
        _hold_to_step(name, doubles(node.tau_mem), doubles(node.r), dt_s)
        synapse = np.exp(-dt_s / doubles(node.tau_syn))
        decay = np.exp(-dt_s / doubles(node.tau_mem))
        one = np.ones_like(decay)
        neuron = current_based(
            node, dt_s, synapse_decay=synapse, synapse_gain=synapse, decay=decay, gain=one
        )
        return Reading(neuron, "subtract-multi", fires_at_threshold=True, remark=REMARK)
    if isinstance(node, nir.LIF):
        _hold_to_step(name, doubles(node.tau), doubles(node.r), dt_s)
        decay = np.exp(-dt_s / doubles(node.tau))
        neuron = leaky(node, dt_s, decay=decay, gain=np.ones_like(decay))
        return Reading(neuron, "subtract-multi", fires_at_threshold=True, remark=REMARK)
    if isinstance(node, nir.LI):
        _hold_to_step(name, doubles(node.tau), doubles(node.r), dt_s)
        decay = np.exp(-dt_s / doubles(node.tau))
        tau = dt_s / (1 - decay)
        return Reading(nir.LI(tau=tau, r=decay * tau / dt_s, v_leak=doubles(node.v_leak)))
    return Reading(node)


def _hold_to_step(name: str, tau: FloatArray, r: FloatArray, dt_s: float) -> None:
    expected = tau * np.exp(-dt_s / tau) / dt_s
    if not np.allclose(r, expected, rtol=1e-3, atol=0):
        raise InvalidGraph(
            f"NIR node '{name}': r = {r.flat[0]:g} isn't Rockpool's for dt = {dt_s:g} s, "
            f"{expected.flat[0]:g}. Give the step it was written with: --dt SECONDS."
        )


def _may_have_written(node: nir.NIRNode) -> bool:
    if not isinstance(node, nir.CubaLIF | nir.LIF | nir.LI):
        return False
    tau = doubles(node.tau_mem if isinstance(node, nir.CubaLIF) else node.tau)
    with np.errstate(all="ignore"):
        expected = tau * np.exp(-DT_S / tau) / DT_S
    return bool(np.allclose(doubles(node.r), expected, rtol=1e-3, atol=0))


ROCKPOOL = Writer("Rockpool", DT_S, _read, _may_have_written, batch_in_shapes=True)
