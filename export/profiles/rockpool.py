"""Profile `rockpool`: CubaLIF as Rockpool's LIFTorch reads it.

    i <- a (i + x) ;  v <- b v + i ;  s = floor(v / v_threshold) ;  v <- v - s v_threshold

with a = exp(-dt/tau_syn), b = exp(-dt/tau_mem) and dt = tau_mem / (1 + r). It ignores w_in, so the
state has the unit a and the threshold is a times that at unit gain. Without a synapse a is so small
that what it keeps is below rounding. Rockpool fires on ties (>=) and knows no hard reset: networks
with one come out the same only where a reset changes nothing (`export.profiles.forgetting`).
"""

import math

import nir
import numpy as np

from export.profiles.encoding import Encoding, encoded
from export.profiles.forgetting import refuse_remembering
from export.profiles.neuron import Neuron
from export.profiles.profile import Settings, refused
from export.profiles.writing import Writing

NAME = "rockpool"
ONCE = {"max_spikes_per_dt": "torch.tensor(1.0)"}
SETTINGS: Settings = {"zero": ONCE, "subtract": ONCE, "subtract-multi": {}}

NO_SYNAPSE = 2.0**-32
"""a of a neuron without synapse; halfway between keeping too much and rounding exp too far."""

SHORTEST = 1e-3
"""tau_mem / dt of a membrane that forgets at once: exp(-1000) is 0 in float64 too."""


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes every neuron as CubaLIF in Rockpool's units.

    Raises:
        UnsupportedLayer: hard resets that matter, membranes or synapses that never decay, a leak,
            convolution, pooling, Flatten, recurrent weights with a bias.
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return encoded(graph, _ENCODING)


def _check(writing: Writing) -> None:
    refuse_remembering(writing, NAME, "Rockpool")
    for inside in writing.recurrent.values():
        if np.any(getattr(writing.graph.nodes[inside], "bias", 0.0)):
            raise refused(
                writing.where(inside), "has a bias", NAME,
                "Rockpool drops the bias of recurrent weights", "Move it into the weights before.",
            )  # fmt: skip


def _neuron(neuron: Neuron) -> nir.NIRNode:
    found, dt_s = neuron.discrete, neuron.dt_s
    if found.leak.any():
        raise refused(
            neuron.where, "v_leak isn't 0", NAME, "Rockpool adds it as a current",
            "Put it into the bias of the weights before.",
        )  # fmt: skip
    if (found.decay == 1.0).any() or (found.synapse_decay == 1.0).any():
        raise refused(
            neuron.where, "never leaks", NAME, "its time constant would be infinite",
            "Use target nir-sinabs or nir.",
        )  # fmt: skip
    a = np.maximum(found.synapse_decay, NO_SYNAPSE)
    b = np.maximum(found.decay, math.exp(-1.0 / SHORTEST / 2))
    tau_mem = np.where(found.decay > 0, -dt_s / np.log(b), dt_s * SHORTEST)
    return nir.CubaLIF(
        tau_syn=-dt_s / np.log(a),
        tau_mem=tau_mem,
        r=tau_mem / dt_s - 1.0,
        v_leak=np.zeros(neuron.shape),
        v_threshold=a * found.threshold,
        v_reset=np.zeros(neuron.shape),
        w_in=np.ones(neuron.shape),
    )


_ENCODING = Encoding(
    profile=NAME,
    discretization=(
        "Rockpool: i = exp(-dt/tau_syn) (i + I), v = exp(-dt/tau_mem) v + i, then v >= v_threshold"
    ),
    neuron=_neuron,
    kinds=(nir.Affine, nir.Linear),
    why=dict.fromkeys(
        (nir.Conv1d, nir.Conv2d, nir.SumPool2d, nir.AvgPool2d, nir.Flatten),
        "Rockpool doesn't map it",
    ),
    check=_check,
    resets=SETTINGS,
    ours=False,
)
