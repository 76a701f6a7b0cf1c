"""Profile `physical`: NIR by the book, every neuron at unit gain in the file's own units.

r = tau/dt for LIF, r = 1/dt for IF, r = tau_mem/dt and w_in = tau_syn/dt for CubaLIF, thresholds,
leaks and resets as the network has them. It holds all that NIR can say; a reader must heed r, dt
(in the metadata), v_leak and v_reset. snnTorch and SpikingJelly do so for most networks; Norse
ignores a LIF's r and comes out different.
"""

import nir
import numpy as np

from export.profiles.cuba import refuse_endless, unit_cuba
from export.profiles.encoding import Encoding, encoded
from export.profiles.neuron import Neuron
from export.profiles.portable import integrator
from export.profiles.profile import refused

NAME = "physical"


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes each neuron as the simplest of LIF, IF and CubaLIF that says it.

    Raises:
        UnsupportedLayer: a layer in which some neurons leak and others don't, a synapse that never
            decays, kernels that NIR's type check can't hold, and thresholds that move.
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return encoded(graph, _ENCODING)


def _neuron(neuron: Neuron) -> nir.NIRNode:
    found = neuron.discrete
    if neuron.never_leaks and not found.has_synapse and not found.leak.any():
        return integrator(neuron)
    if found.has_synapse:
        refuse_endless(neuron, NAME)
        return unit_cuba(neuron)
    if (found.decay == 1.0).any():
        raise refused(
            neuron.where, "some of its neurons leak and others don't", NAME,
            "NIR's LIF leaks and its IF doesn't", "Make two layers of it.",
        )  # fmt: skip
    tau = neuron.dt_s / neuron.rate
    return nir.LIF(
        tau=tau,
        r=np.maximum(tau / neuron.dt_s, 1.0),
        v_leak=found.leak / neuron.rate,
        v_threshold=found.threshold,
        v_reset=found.reset,
    )


_ENCODING = Encoding(
    profile=NAME,
    discretization="forward Euler at step dt, new values first, then v > v_threshold",
    neuron=_neuron,
    kinds=(
        nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d, nir.SumPool2d, nir.AvgPool2d, nir.Flatten,
        nir.LI, nir.CubaLI, nir.I, nir.Delay, nir.Scale,
    ),
    padded_pools=True,
    flat_loops=True,
)  # fmt: skip
