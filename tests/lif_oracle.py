"""The LIF layer once more, step by step in float64 numpy, forward and backward by hand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PerStep = Callable[[Array, int], float]


@dataclass
class Run:
    """What happened: everything [T, ...], thresholds and widths one per step."""

    before_reset: Array
    after_reset: Array
    spikes: Array
    thresholds: list[float]
    widths: list[float]


def forward(currents: Array, decay: float, threshold: PerStep, width: PerStep) -> Run:
    """u = decay * u * (1 - s) + I, s = u > threshold, neuron by neuron.

    Args:
        currents: [T, ...].
        decay: factor on the old membrane.
        threshold: of the membrane before reset and the step.
        width: of the surrogate rectangle, likewise.
    """
    run = Run(np.empty_like(currents), np.empty_like(currents), np.empty_like(currents), [], [])
    old = np.zeros_like(currents[0])
    for step, incoming in enumerate(currents):
        membrane = decay * old + incoming
        run.thresholds.append(threshold(membrane, step))
        run.widths.append(width(membrane, step))
        run.before_reset[step] = membrane
        run.spikes[step] = np.where(membrane > run.thresholds[-1], 1.0, 0.0)
        old = np.where(run.spikes[step] == 1.0, 0.0, membrane)
        run.after_reset[step] = old
    return run


def backward(run: Run, decay: float, upstream: Array) -> tuple[Array, float]:
    """Gradients of sum(upstream * s) by the currents [T, ...] and by the decay.

    The surrogate stands for ds/du wherever s appears, in the reset too.
    """
    by_current = np.zeros_like(upstream)
    by_decay = 0.0
    later = np.zeros_like(upstream[0])
    for step in reversed(range(len(upstream))):
        membrane, spikes = run.before_reset[step], run.spikes[step]
        width = run.widths[step]
        slope = (np.abs(membrane - run.thresholds[step]) < width / 2) / width
        by_spike = upstream[step] - later * membrane
        by_current[step] = by_spike * slope + later * (1 - spikes)
        if step > 0:
            by_decay += float((by_current[step] * run.after_reset[step - 1]).sum())
        later = decay * by_current[step]
    return by_current, by_decay
