"""Profile `cuba`: encoding U, every neuron a CubaLIF at unit gain.

With r = tau_mem/dt and w_in = tau_syn/dt, as SpikingJelly demands, NIR's Euler steps are

    i <- alpha i + x ;  v <- beta v + i ;  s = v > v_threshold ;  v <- 0 where s

and tau_syn = dt is alpha = 0: a synapse that passes its input on. It holds synapses, and decays
that differ from neuron to neuron (Norse and snnTorch; SpikingJelly takes one per layer).
"""

import nir
import numpy as np

from export.profiles.encoding import Encoding, encoded
from export.profiles.neuron import Neuron
from export.profiles.portable import WHY, refuse_leak_and_reset
from export.profiles.profile import refused

NAME = "cuba"


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes every neuron as CubaLIF.

    Raises:
        UnsupportedLayer: neurons that never leak, and all that `portable` refuses but synapses and
            differing decays.
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return encoded(graph, _ENCODING)


def _neuron(neuron: Neuron) -> nir.NIRNode:
    refuse_leak_and_reset(neuron, NAME)
    refuse_endless(neuron, NAME)
    return unit_cuba(neuron)


def refuse_endless(neuron: Neuron, profile: str) -> None:
    """Refuses decays of 1, whose time constant would be infinite.

    Raises:
        UnsupportedLayer: a membrane or a synapse never leaks.
    """
    if (neuron.discrete.synapse_decay == 1.0).any():
        raise refused(
            neuron.where, "its synapse never decays", profile,
            "tau_syn would be infinite", "Train it with a decay below 1.",
        )  # fmt: skip
    if (neuron.discrete.decay == 1.0).any():
        raise refused(
            neuron.where, "never leaks", profile, "tau_mem would be infinite",
            "Use target nir, which writes it as IF if none of its layer leaks.",
        )  # fmt: skip


def unit_cuba(neuron: Neuron) -> nir.CubaLIF:
    """CubaLIF at unit gain, with leak and reset as they are."""
    found, dt_s = neuron.discrete, neuron.dt_s
    tau_syn, tau_mem = dt_s / (1.0 - found.synapse_decay), dt_s / neuron.rate
    return nir.CubaLIF(
        tau_syn=tau_syn,
        tau_mem=tau_mem,
        r=np.maximum(tau_mem / dt_s, 1.0),
        v_leak=found.leak / neuron.rate,
        v_threshold=found.threshold,
        v_reset=found.reset,
        w_in=np.maximum(tau_syn / dt_s, 1.0),
    )


_ENCODING = Encoding(
    profile=NAME,
    discretization=(
        "forward Euler: i += dt/tau_syn * (-i + w_in*I), v += dt/tau_mem * ((v_leak - v) + r*i) "
        "with the new i, then v > v_threshold"
    ),
    neuron=_neuron,
    kinds=(nir.Affine, nir.Linear, nir.Conv2d, nir.SumPool2d, nir.Flatten),
    why=WHY,
)
