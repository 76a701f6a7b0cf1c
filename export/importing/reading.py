"""What a writer meant by one node of its file, in the book's own terms.

The book (NIR's equations by forward Euler) can say any leaky neuron with a linear synapse. With
decay b, input gain g and step dt

    u <- b u + g x       is NIR's LIF with tau = dt / (1 - b), r = g tau / dt
    u <- u + g x         is NIR's IF with r = g / dt
    i <- a i + c x       in front of it is CubaLIF's synapse, tau_syn = dt / (1 - a),
                         w_in = c tau_syn / dt

What it can't say stands beside the node: how a spike resets, whether it fires at the threshold too,
and how many steps later its output shows.
"""

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from export.importing.rebuilt import rebuilt
from export.nir_metadata import ResetRule

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One node as its writer runs it.

    Args:
        node: in the book's encoding.
        reset: what a spike does to the membrane.
        fires_at_threshold: whether u = threshold fires; a node that resets hard has its threshold
            moved to the next smaller number for that (`closed`).
        lag: steps until its spikes show at its output, its own recurrent weights excepted.
        remark: what the file doesn't say and was taken from the writer's default neuron.
    """

    node: nir.NIRNode
    reset: ResetRule = "zero"
    fires_at_threshold: bool = False
    lag: int = 0
    remark: str = ""


def leaky(
    node: nir.LIF | nir.IF | nir.CubaLIF,
    dt_s: float,
    *,
    decay: FloatArray,
    gain: FloatArray,
) -> nir.LIF | nir.IF:
    """A neuron u <- decay u + gain x, threshold and rest as the node has them.

    Where every decay is 1 it is an IF node, which has no rest.
    """
    kept = {"v_threshold": doubles(node.v_threshold), "v_reset": doubles(node.v_reset)}
    if (decay == 1).all():
        return nir.IF(r=gain / dt_s, **kept)
    tau = dt_s / (1 - decay)
    leak = doubles(getattr(node, "v_leak", np.zeros_like(tau)))
    return nir.LIF(tau=tau, r=gain * tau / dt_s, v_leak=leak, **kept)


def current_based(
    node: nir.CubaLIF,
    dt_s: float,
    *,
    synapse_decay: FloatArray,
    synapse_gain: FloatArray,
    decay: FloatArray,
    gain: FloatArray,
) -> nir.CubaLIF:
    """A neuron i <- synapse_decay i + synapse_gain x ; u <- decay u + gain i."""
    tau_syn, tau_mem = dt_s / (1 - synapse_decay), dt_s / (1 - decay)
    return nir.CubaLIF(
        tau_syn=tau_syn,
        tau_mem=tau_mem,
        r=gain * tau_mem / dt_s,
        w_in=synapse_gain * tau_syn / dt_s,
        v_leak=doubles(node.v_leak),
        v_threshold=doubles(node.v_threshold),
        v_reset=doubles(node.v_reset),
    )


def closed(node: nir.LIF | nir.IF | nir.CubaLIF) -> nir.NIRNode:
    """The neuron that fires at its threshold too: v >= c is v > (the next number below c)."""
    threshold = doubles(node.v_threshold)
    return rebuilt(node, v_threshold=np.nextafter(threshold, -np.inf))


def doubles(values: object) -> FloatArray:
    """A parameter in float64."""
    return np.array(values, dtype=np.float64)
