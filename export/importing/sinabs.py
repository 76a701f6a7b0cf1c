"""Sinabs: `sinabs.nir.to_nir(module, sample)`.

Time constants are in steps and decay exactly, r = 1 whatever the layer does with its input. Its
default layers, of which a spike fires at the threshold, several times a step if need be:

    LIF   v <- a v + (1 - a) x (norm_input=True), a = exp(-1/tau)
    IAF   v <- v + x
    both  n = floor(v / threshold) where v >= threshold ; v <- v - n threshold

Source: sinabs 3.1.3, nir.py, layers/functional/lif.py, activation/spike_generation.py.
"""

from typing import Any

import nir
import numpy as np

from export.importing.reading import Reading, doubles, leaky
from export.importing.writer import Writer
from export.nir_metadata import NOMINAL_DT_S

NORMED = "that inputs count 1 - decay is Sinabs's default, norm_input=True"
BARE = "that v has no lower bound is Sinabs's default, min_v_mem=None"


def _read(name: str, node: Any, dt_s: float) -> Reading:
    del name
    if isinstance(node, nir.LIF):
        decay = np.exp(-1 / doubles(node.tau))
        neuron = leaky(node, dt_s, decay=decay, gain=1 - decay)
        return Reading(neuron, "subtract-multi", fires_at_threshold=True, remark=NORMED)
    if isinstance(node, nir.IF):
        one = np.ones_like(doubles(node.v_threshold))
        neuron = leaky(node, dt_s, decay=one, gain=one)
        return Reading(neuron, "subtract-multi", fires_at_threshold=True, remark=BARE)
    if isinstance(node, nir.LI):
        decay = np.exp(-1 / doubles(node.tau))
        tau = dt_s / (1 - decay)
        return Reading(
            nir.LI(tau=tau, r=np.ones_like(tau), v_leak=doubles(node.v_leak)), remark=NORMED
        )
    return Reading(node)


def _may_have_written(node: nir.NIRNode) -> bool:
    if isinstance(node, nir.IF):
        return bool((doubles(node.r) == 1).all())
    if isinstance(node, nir.LIF | nir.LI):
        return bool((doubles(node.r) == 1).all() and (doubles(node.tau) >= SHORTEST_STEPS).all())
    return False


SHORTEST_STEPS = 0.1
"""A time constant below that decays by exp(-10) a step: nobody means that."""

SINABS = Writer("Sinabs", NOMINAL_DT_S, _read, _may_have_written)
