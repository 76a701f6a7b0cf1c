"""One reading of NIR's LIF, IF and CubaLIF nodes: the discrete neuron with unit input gain.

NIR's forward-Euler step is

    v <- v + dt/tau * ((v_leak - v) + r x) ;  s = v > v_threshold ;  v <- v_reset where s

With beta = 1 - dt/tau and gain g = r dt/tau, and the state divided by g,

    u <- beta u + leak + x ;  s = u > threshold ;  u <- reset where s

where threshold = v_threshold / g, reset = v_reset / g, leak = (1 - beta) v_leak / g.
IF's step v <- v + dt r x is the same with beta = 1, leak = 0 and g = r dt. CubaLIF has a synapse in
front, I <- I + dt/tau_syn (-I + w_in x), whose new value the membrane takes in the same step, as
all importers do: with alpha = 1 - dt/tau_syn and h = w_in dt/tau_syn,

    i <- alpha i + x ;  u <- beta u + leak + i

and g = h r dt/tau_mem.
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
    `synapse_decay` is alpha, 0 without a synapse: i <- alpha i + x is what u takes in.
    """

    decay: FloatArray
    threshold: FloatArray
    leak: FloatArray
    reset: FloatArray
    gain: FloatArray
    synapse_decay: FloatArray

    @property
    def has_synapse(self) -> bool:
        """Whether any input lasts longer than its step."""
        return bool(self.synapse_decay.any())


def discrete_lif(name: str, node: nir.LIF, dt_s: float) -> DiscreteLIF:
    """The discrete neuron that NIR's LIF node means at step `dt_s`.

    Raises:
        InvalidGraph: a parameter isn't finite, tau < dt (decay outside 0..1), or the gain is 0.
    """
    arrays = _finite(name, node, ("tau", "r", "v_leak", "v_threshold", "v_reset"))
    rate = euler_rate(name, "tau", arrays["tau"], dt_s)
    gain = _positive_gain(name, arrays["r"] * rate)
    return _leaky(arrays, rate, gain, np.zeros_like(gain))


def discrete_cuba(name: str, node: nir.CubaLIF, dt_s: float) -> DiscreteLIF:
    """The discrete neuron that NIR's CubaLIF node means at step `dt_s`.

    Raises:
        InvalidGraph: a parameter isn't finite, a time constant is shorter than dt, or a gain isn't
            positive.
    """
    keys = ("tau_syn", "tau_mem", "r", "w_in", "v_leak", "v_threshold", "v_reset")
    arrays = _finite(name, node, keys)
    synapse_rate = euler_rate(name, "tau_syn", arrays["tau_syn"], dt_s)
    rate = euler_rate(name, "tau_mem", arrays["tau_mem"], dt_s)
    gain = _positive_gain(name, arrays["r"] * rate * arrays["w_in"] * synapse_rate)
    return _leaky(arrays, rate, gain, 1.0 - synapse_rate)


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
        synapse_decay=np.zeros_like(gain),
    )


def discrete_neuron(
    name: str, node: nir.LIF | nir.IF | nir.CubaLIF | nir.Threshold, dt_s: float
) -> DiscreteLIF:
    """The discrete neuron of any kind; a bare Threshold is one that forgets at once.

    Raises:
        InvalidGraph: see `discrete_lif`, `discrete_if` and `discrete_cuba`.
    """
    if isinstance(node, nir.Threshold):
        threshold = _finite(name, node, ("threshold",))["threshold"]
        none, one = np.zeros_like(threshold), np.ones_like(threshold)
        return DiscreteLIF(none, threshold, none, none, one, none)
    if isinstance(node, nir.CubaLIF):
        return discrete_cuba(name, node, dt_s)
    rule = discrete_if if isinstance(node, nir.IF) else discrete_lif
    return rule(name, node, dt_s)


def _leaky(
    arrays: dict[str, FloatArray], rate: FloatArray, gain: FloatArray, synapse_decay: FloatArray
) -> DiscreteLIF:
    return DiscreteLIF(
        decay=1.0 - rate,
        threshold=arrays["v_threshold"] / gain,
        leak=rate * arrays["v_leak"] / gain,
        reset=arrays["v_reset"] / gain,
        gain=gain,
        synapse_decay=synapse_decay,
    )


def euler_rate(name: str, field: str, tau: FloatArray, dt_s: float) -> FloatArray:
    """dt/tau, 1 at most.

    Raises:
        InvalidGraph: a time constant is shorter than dt.
    """
    if (tau < dt_s * (1 - 1e-9)).any():
        raise InvalidGraph(
            f"NIR node '{name}': {field} = {float(tau.min()):g} s is shorter than dt = {dt_s:g} s, "
            "so the decay would be negative. Check the file's dt."
        )
    rate: FloatArray = np.minimum(dt_s / tau, 1.0)
    return rate


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
