"""The thresholds that a trained network evaluates with, per LIF and time step."""

import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded, UnsupportedLayer
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

FloatArray = NDArray[np.float64]


def threshold_schedules(network: SpikingNetwork) -> dict[str, FloatArray]:
    """Evaluation thresholds [T] of each LIF, by its path in the module.

    Thresholds are for neurons whose input gain is 1: where the decay scales the current too
    (`decay_input`), dividing the threshold by that gain is the same neuron.

    Raises:
        UnsupportedLayer: a layer's thresholds follow each neuron's own spikes.
        LimitExceeded: a threshold isn't positive (or not finite), so it can't be rescaled to 1.
    """
    schedules = {
        name: _schedule(name, neuron, network.time_steps) for name, neuron in network.neurons()
    }
    for name, schedule in schedules.items():
        for step, value in enumerate(schedule):
            if not (np.isfinite(value) and value > 0):
                raise LimitExceeded(
                    f"layer '{name}', step {step}: threshold {value:g} is not positive, so the "
                    "layer can't be rescaled to threshold 1. Train again with a higher threshold, "
                    "or for ds-atgo with a smallest_threshold."
                )
    return schedules


def _schedule(name: str, neuron: LIF, time_steps: int) -> FloatArray:
    thresholds = neuron.threshold_rule.schedule(time_steps)
    if thresholds is None:
        raise UnsupportedLayer(
            f"layer '{name}' ({type(neuron.threshold_rule).__name__}): each neuron's threshold "
            "follows its own spikes, and NIR, ONNX graphs and netx written here hold constant "
            "thresholds. Train with a method whose threshold belongs to the layer, e.g. ds-atgo."
        )
    gain = float(1 - neuron.decay.detach().double()) if neuron.decay_input else 1.0
    schedule: FloatArray = thresholds.detach().double().cpu().numpy() / gain
    return schedule
