"""The discrete neuron that a profile writes down, freed of what the old units rounded off.

`export.nir_neuron` reads decay and threshold out of tau, r and v_threshold, which costs them a
rounding each way. A frozen network's decays lie on the grid n/4096 and its gains are 1 (or 1 - beta
with r = 1), so what is closer to that than rounding can tell is put back there: thresholds then
come out of every encoding as they went in, also where membranes tie with them.
"""

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from export.freezing.to_nir import DECAY_GRID
from export.nir_metadata import ResetRule
from export.nir_neuron import DiscreteLIF, discrete_neuron

FloatArray = NDArray[np.float64]

ROUNDED = 1e-12


@dataclass(frozen=True)
class Neuron:
    """A population, ready to be written.

    Args:
        where: its name in messages.
        discrete: at unit input gain.
        dt_s: the step.
        nested: it becomes part of a nested graph, with recurrent weights.
        reset: what a spike does to the membrane.
    """

    where: str
    discrete: DiscreteLIF
    dt_s: float
    nested: bool
    reset: ResetRule = "zero"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the population."""
        shape: tuple[int, ...] = self.discrete.threshold.shape
        return shape

    @property
    def rate(self) -> FloatArray:
        """1 - decay."""
        rate: FloatArray = 1.0 - self.discrete.decay
        return rate

    @property
    def one_decay(self) -> bool:
        """Whether all of its neurons have the same membrane decay."""
        return _one(self.discrete.decay)

    @property
    def one_threshold(self) -> bool:
        """Whether all of its neurons have the same threshold."""
        return _one(self.discrete.threshold)

    @property
    def never_leaks(self) -> bool:
        """Whether every membrane keeps all it has, as IF's."""
        return bool((self.discrete.decay == 1.0).all())


def settled(name: str, node: nir.NIRNode, dt_s: float) -> DiscreteLIF:
    """The discrete neuron, its decays on the grid and its gain 1 where they can't be told from it.

    Raises:
        InvalidGraph: as `export.nir_neuron.discrete_neuron`.
    """
    read = discrete_neuron(name, node, dt_s)
    if isinstance(node, nir.Threshold):
        return read
    decay, synapse_decay = _on_grid(read.decay), _on_grid(read.synapse_decay)
    gain = _gain(node, 1.0 - decay, 1.0 - synapse_decay, dt_s)
    leak = (1.0 - decay) * np.asarray(getattr(node, "v_leak", 0.0), dtype=np.float64)
    return DiscreteLIF(
        decay=decay,
        threshold=np.asarray(node.v_threshold, dtype=np.float64) / gain,
        leak=leak / gain,
        reset=np.asarray(node.v_reset, dtype=np.float64) / gain,
        gain=gain,
        synapse_decay=synapse_decay,
    )


def _gain(node: nir.NIRNode, rate: FloatArray, synapse_rate: FloatArray, dt_s: float) -> FloatArray:
    r = np.asarray(node.r, dtype=np.float64)
    if isinstance(node, nir.IF):
        return _unit(r * dt_s)
    if isinstance(node, nir.CubaLIF):
        w_in = np.asarray(node.w_in, dtype=np.float64)
        return _unit(r * rate) * _unit(w_in * synapse_rate)
    return _unit(r * rate)


def _on_grid(decay: FloatArray) -> FloatArray:
    near = np.round(decay * DECAY_GRID) / DECAY_GRID
    return np.where(np.abs(decay - near) < ROUNDED, near, decay)


def _unit(gain: FloatArray) -> FloatArray:
    return np.where(np.abs(gain - 1.0) < ROUNDED, 1.0, gain)


def _one(values: FloatArray) -> bool:
    return bool((values == values.flat[0]).all())
