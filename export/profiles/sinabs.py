"""Profile `sinabs`: LIF with tau in time steps, which Sinabs reads as alpha = exp(-1/tau).

    v <- alpha v + x ;  s = v >= v_threshold

Sinabs ignores r, so weights have unit gain. By itself it fires several spikes a step, subtracts the
threshold for each and bounds IF from below: SETTINGS make it fire once and reset to zero, and
without them it runs another network. It fires on ties (>=), and LIF works on one dimension only.
"""

import nir
import numpy as np

from export.profiles.encoding import Encoding, encoded
from export.profiles.neuron import Neuron
from export.profiles.portable import integrator
from export.profiles.profile import Settings, refused

NAME = "sinabs"
SETTINGS: Settings = {
    "zero": {
        "spike_fn": "sinabs.activation.SingleSpike",
        "reset_fn": "sinabs.activation.MembraneReset()",
        "min_v_mem": "None",
    },
    "subtract": {"spike_fn": "sinabs.activation.SingleSpike", "min_v_mem": "None"},
    "subtract-multi": {"min_v_mem": "None"},
}


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes LIF with tau = -1/ln(beta), r = 1, and IF.

    Raises:
        UnsupportedLayer: a synapse, a leak or a reset to other values than 0, a layer with leak
            of more than one dimension, and linear nodes that Sinabs doesn't map.
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return encoded(graph, _ENCODING)


def _neuron(neuron: Neuron) -> nir.NIRNode:
    found = neuron.discrete
    if found.has_synapse:
        raise refused(
            neuron.where, "has a synapse of its own", NAME, "Sinabs doesn't map CubaLIF",
            "Use target nir-cuba with Norse, snnTorch or SpikingJelly.",
        )  # fmt: skip
    if found.leak.any() or found.reset.any():
        raise refused(
            neuron.where, "v_leak or v_reset isn't 0", NAME, "Sinabs has neither",
            "Use target nir-physical.",
        )  # fmt: skip
    if neuron.never_leaks:
        return integrator(neuron)
    if len(neuron.shape) != 1:
        raise refused(
            neuron.where, f"leaks in a layer of shape {neuron.shape}", NAME,
            "Sinabs imports LIF on one dimension only", "Use target nir.",
        )  # fmt: skip
    if (found.decay == 1.0).any():
        raise refused(
            neuron.where, "some of its neurons leak and others don't", NAME,
            "tau would be infinite", "Make two layers of it.",
        )  # fmt: skip
    # A neuron that forgets at once: exp(-1/tau) of so small a tau is 0.
    decay = np.maximum(found.decay, np.exp(-_FORGETS))
    return nir.LIF(
        tau=-1.0 / np.log(decay),
        r=np.ones(neuron.shape),
        v_leak=np.zeros(neuron.shape),
        v_threshold=found.threshold,
        v_reset=np.zeros(neuron.shape),
    )


_FORGETS = 700.0
_ENCODING = Encoding(
    profile=NAME,
    discretization=(
        "Sinabs: v = exp(-1/tau) v + I, tau in time steps, then one spike where v >= v_threshold"
    ),
    neuron=_neuron,
    kinds=(nir.Affine, nir.Linear, nir.Conv2d, nir.SumPool2d, nir.Flatten),
    why={nir.AvgPool2d: "Sinabs doesn't map it", nir.Conv1d: "Sinabs fails on it"},
    resets=SETTINGS,
    ours=False,
)
