"""The one neuron that a whole population consists of, as the chip holds it."""

from dataclasses import dataclass

import numpy as np

from export.chip.limits import DECAY_ONE
from export.errors import LimitExceeded, UnsupportedLayer
from export.quantizing.segments import Segment

TOLERANCE = 1e-6
"""Neurons whose parameters differ by less count as equal, and decays this near n/4096 as exact."""

FILE_ROUNDING = 1e-12
"""Relative error that a threshold's way through the file, v_threshold / gain, can leave."""


@dataclass(frozen=True)
class UniformNeuron:
    """The neuron at unit gain.

    Args:
        decay: a multiple of 1/4096.
        threshold: of the membrane.
        steps: thresholds of each time step, where they differ; `threshold` stands for all of them.
    """

    decay: float
    threshold: float
    steps: tuple[float, ...] | None = None

    @property
    def highest_threshold(self) -> float:
        """The one that must fit the chip's field."""
        return self.threshold if self.steps is None else max(self.steps)


def uniform_neuron(segment: Segment) -> UniformNeuron:
    """The neuron that a segment feeds.

    Raises:
        UnsupportedLayer: neurons differ, or leak or reset to a voltage other than 0.
        LimitExceeded: the decay lies between the chip's steps, or the threshold isn't positive.
    """
    neuron = segment.neuron
    if neuron is None:
        raise UnsupportedLayer(f"layer '{segment.target}': not a neuron.")
    if np.any(neuron.leak != 0) or np.any(neuron.reset != 0):
        raise UnsupportedLayer(
            f"layer '{segment.target}': a leak or reset voltage other than 0 has no chip "
            "equivalent. Shift the network so that both are 0."
        )
    threshold = float(neuron.threshold.flat[0])
    if threshold <= 0:
        raise LimitExceeded(
            f"layer '{segment.target}': threshold {threshold:g} isn't positive, so it has no "
            "mantissa. Train again with a higher threshold."
        )
    unequal = np.ptp(neuron.threshold) > TOLERANCE * threshold
    if unequal or np.ptp(neuron.decay) > TOLERANCE:
        raise UnsupportedLayer(
            f"layer '{segment.target}': neurons with different decays or thresholds can't be "
            "quantised together. Export this network to the targets nir and onnx."
        )
    decay = float(neuron.decay.flat[0]) * DECAY_ONE
    if abs(decay - round(decay)) > DECAY_ONE * TOLERANCE:
        raise LimitExceeded(
            f"layer '{segment.target}': decay {decay:.4f}/4096 lies between the chip's steps. "
            "Freeze the network with spikeport, which snaps decays to n/4096."
        )
    exact = _without_rounding(threshold)
    steps = None if segment.factors is None else tuple(exact * f for f in segment.factors)
    return UniformNeuron(round(decay) / DECAY_ONE, exact, steps)


def _without_rounding(threshold: float) -> float:
    nearest = float(np.float32(threshold))
    return nearest if abs(nearest - threshold) <= FILE_ROUNDING * threshold else threshold
