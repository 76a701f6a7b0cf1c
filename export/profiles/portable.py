"""Profile `portable`: encoding C2, one file for Norse, snnTorch and SpikingJelly.

r = 1 and a state scaled by 1 - beta, so that weights stay on their grid:

    v <- beta v + (1 - beta) x ;  s = v > v_threshold = (1 - beta) threshold ;  v <- 0 where s

A neuron that never leaks has no such form; it is NIR's IF with r = 1/dt.
"""

import nir
import numpy as np

from export.profiles.encoding import BY_THE_BOOK, Encoding, encoded
from export.profiles.neuron import Neuron
from export.profiles.profile import refused

NAME = "portable"
WHY: dict[type[nir.NIRNode], str] = {
    nir.AvgPool2d: "Norse makes an identity of it",
    nir.Conv1d: "Norse and snnTorch don't map it",
}


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes LIF as C2 and IF with r = 1/dt.

    Raises:
        UnsupportedLayer: differing decays or thresholds, a synapse, a leak or a reset to other
            values than 0, average pooling, Conv1d, padded sum pooling, loops of any other kind
            than one population with dense recurrent weights.
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return encoded(graph, _ENCODING)


def _neuron(neuron: Neuron) -> nir.NIRNode:
    found = neuron.discrete
    if found.has_synapse:
        raise refused(
            neuron.where, "has a synapse of its own", NAME, "NIR's LIF has none",
            "Use target nir-cuba.",
        )  # fmt: skip
    if not neuron.one_decay:
        raise refused(
            neuron.where, "its neurons differ in decay", NAME,
            "snnTorch and SpikingJelly take one per layer", "Use target nir-cuba.",
        )  # fmt: skip
    refuse_leak_and_reset(neuron, NAME)
    if neuron.never_leaks:
        if neuron.nested:
            raise refused(
                neuron.where, "never leaks and has recurrent weights", NAME,
                "snnTorch's IF is another neuron", BY_THE_BOOK,
            )  # fmt: skip
        return integrator(neuron)
    rate, shape = neuron.rate, neuron.shape
    return nir.LIF(
        tau=neuron.dt_s / rate,
        r=np.ones(shape),
        v_leak=np.zeros(shape),
        v_threshold=rate * found.threshold,
        v_reset=np.zeros(shape),
    )


def refuse_leak_and_reset(neuron: Neuron, profile: str) -> None:
    """Refuses what Norse, snnTorch and SpikingJelly read each in their own way.

    Raises:
        UnsupportedLayer: thresholds differ, or v_leak or v_reset isn't 0.
    """
    found = neuron.discrete
    if found.leak.any():
        raise refused(
            neuron.where, "v_leak isn't 0", profile, "snnTorch refuses it, Norse adds it twice",
            BY_THE_BOOK,
        )  # fmt: skip
    if found.reset.any():
        raise refused(
            neuron.where, "v_reset isn't 0", profile, "Norse and snnTorch reset to 0 all the same",
            BY_THE_BOOK,
        )  # fmt: skip
    if not neuron.one_threshold:
        raise refused(
            neuron.where, "its neurons differ in threshold", profile,
            "snnTorch and SpikingJelly take one per layer",
            "Scale each neuron's weights until its threshold is 1, or use target nir-physical.",
        )  # fmt: skip


def integrator(neuron: Neuron) -> nir.IF:
    """A neuron without leak, at unit gain."""
    return nir.IF(
        r=np.full(neuron.shape, 1.0 / neuron.dt_s),
        v_threshold=neuron.discrete.threshold,
        v_reset=neuron.discrete.reset,
    )


_ENCODING = Encoding(
    profile=NAME,
    discretization="forward Euler: v += dt/tau * ((v_leak - v) + r*I), then v > v_threshold",
    neuron=_neuron,
    kinds=(nir.Affine, nir.Linear, nir.Conv2d, nir.SumPool2d, nir.Flatten),
    why=WHY,
)
