"""How a threshold that depends on the time step becomes one constant per layer."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded
from trainers.network import SpikingNetwork

FloatArray = NDArray[np.float64]
Strategy = Callable[[dict[str, FloatArray]], dict[str, float]]


def threshold_schedules(network: SpikingNetwork) -> dict[str, FloatArray]:
    """Evaluation thresholds [T] of each LIF, by its path in the module.

    Raises:
        LimitExceeded: a threshold isn't positive (or not finite), so it can't be rescaled to 1.
    """
    schedules = {
        name: neuron.threshold_rule.schedule(network.time_steps).detach().double().cpu().numpy()
        for name, neuron in network.neurons()
    }
    for name, schedule in schedules.items():
        for step, value in enumerate(schedule):
            if not (np.isfinite(value) and value > 0):
                raise LimitExceeded(
                    f"layer '{name}', step {step}: threshold {value:g} is not positive, so the "
                    "layer can't be rescaled to threshold 1. Train again with a higher threshold."
                )
    return schedules


def mean(schedules: dict[str, FloatArray]) -> dict[str, float]:
    """The mean over time steps."""
    return {name: float(schedule.mean()) for name, schedule in schedules.items()}


STRATEGIES: dict[str, Strategy] = {
    "mean": mean,
}
