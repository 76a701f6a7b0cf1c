"""Changes of units of a spiking node, and its resistance at unit input gain.

A neuron whose input, leak, threshold and reset are all multiplied by a factor fires alike, its
membrane multiplied by that factor.
"""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def unit_resistance(node: Any, dt_s: float) -> FloatArray:
    """The r at which v <- beta v + x: tau / dt for LIF, 1 / dt for IF."""
    if isinstance(node, nir.IF):
        return np.full(np.shape(node.r), 1.0 / dt_s)
    tau: FloatArray = np.asarray(node.tau, dtype=np.float64)
    # Euler's rate dt / tau is at most 1; see export.nir_neuron.
    return np.maximum(tau / dt_s, 1.0)


def state_scaled(node: Any, factor: FloatArray | float) -> nir.NIRNode:
    """The neuron whose membrane and input are both `factor` times the old."""
    return changed(
        node,
        **{
            key: np.asarray(getattr(node, key), dtype=np.float64) * factor
            for key in ("v_leak", "v_threshold", "v_reset")
            if hasattr(node, key)
        },
    )


def input_multiplied(node: Any, factor: FloatArray | float) -> nir.NIRNode:
    """The neuron that takes `factor` times its input: r' = factor r."""
    return changed(node, r=np.asarray(node.r, dtype=np.float64) * factor)


def changed(node: Any, **parameters: FloatArray) -> nir.NIRNode:
    """The same LIF or IF with other parameters."""
    keys = ["r", "v_threshold", "v_reset"]
    if isinstance(node, nir.LIF):
        keys += ["tau", "v_leak"]
    return type(node)(**{key: getattr(node, key) for key in keys} | parameters)
