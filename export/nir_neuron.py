"""One reading of NIR's LIF and IF nodes: the discrete neuron with unit input gain.

NIR's forward-Euler step is

    v <- v + dt/tau * ((v_leak - v) + r x) ;  s = v > v_threshold ;  v <- v_reset where s

With beta = 1 - dt/tau and gain g = r dt/tau, and the state divided by g,

    u <- beta u + leak + x ;  s = u > threshold ;  u <- reset where s

where threshold = v_threshold / g, reset = v_reset / g, leak = (1 - beta) v_leak / g.
IF's step v <- v + dt r x is the same with beta = 1, leak = 0 and g = r dt.
"""

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class DiscreteLIF:
    """Discrete LIF neuron with unit gain; every field has the population's shape, float64.

    `gain` is what the state was divided by: u = v / gain, with v in the file's own units.
    """

    decay: FloatArray
    threshold: FloatArray
    leak: FloatArray
    reset: FloatArray
    gain: FloatArray


def discrete_lif(name: str, node: nir.LIF, dt_s: float) -> DiscreteLIF:
    """The discrete neuron that NIR's LIF node means at step `dt_s`.

    Raises:
        InvalidGraph: a parameter isn't finite, tau < dt (decay outside 0..1), or the gain is 0.
    """
    arrays = _finite(name, node, ("tau", "r", "v_leak", "v_threshold", "v_reset"))
    if (arrays["tau"] < dt_s * (1 - 1e-9)).any():
        smallest = float(arrays["tau"].min())
        raise InvalidGraph(
            f"NIR node '{name}': tau = {smallest:g} s is shorter than dt = {dt_s:g} s, "
            "so the decay would be negative. Check the file's dt."
        )
    rate = np.minimum(dt_s / arrays["tau"], 1.0)
    gain = _positive_gain(name, arrays["r"] * rate)
    return DiscreteLIF(
        decay=1.0 - rate,
        threshold=arrays["v_threshold"] / gain,
        leak=rate * arrays["v_leak"] / gain,
        reset=arrays["v_reset"] / gain,
        gain=gain,
    )


def discrete_if(name: str, node: nir.IF, dt_s: float) -> DiscreteLIF:
    """The discrete neuron that NIR's IF node means at step `dt_s`.

    Raises:
        InvalidGraph: a parameter isn't finite, or the gain isn't positive.
    """
    arrays = _finite(name, node, ("r", "v_threshold", "v_reset"))
    gain = _positive_gain(name, arrays["r"] * dt_s)
    return DiscreteLIF(
        decay=np.ones_like(gain),
        threshold=arrays["v_threshold"] / gain,
        leak=np.zeros_like(gain),
        reset=arrays["v_reset"] / gain,
        gain=gain,
    )


def discrete_neuron(name: str, node: nir.LIF | nir.IF, dt_s: float) -> DiscreteLIF:
    """The discrete neuron of either kind.

    Raises:
        InvalidGraph: see `discrete_lif` and `discrete_if`.
    """
    rule = discrete_if if isinstance(node, nir.IF) else discrete_lif
    return rule(name, node, dt_s)


def _finite(name: str, node: nir.NIRNode, keys: tuple[str, ...]) -> dict[str, FloatArray]:
    arrays = {key: np.asarray(getattr(node, key), dtype=np.float64) for key in keys}
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise InvalidGraph(f"NIR node '{name}': {key} holds NaN or infinity. Export it again.")
    return arrays


def _positive_gain(name: str, gain: FloatArray) -> FloatArray:
    if (gain <= 0).any():
        raise InvalidGraph(f"NIR node '{name}': input gain r*dt/tau must be positive. Check r.")
    return gain
