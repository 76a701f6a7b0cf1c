"""The thresholds that a trained network evaluates with, per LIF and time step."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded, UnsupportedLayer
from export.nir_metadata import AdaptationFacts
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.threshold import SpikeAdaptation

FloatArray = NDArray[np.float64]


def threshold_schedules(network: SpikingNetwork) -> dict[str, FloatArray]:
    """Evaluation thresholds [T] of each LIF, by its path in the module.

    Thresholds are for neurons whose input gain is 1: where the decay scales the current too
    (`decay_input`), dividing the threshold by that gain is the same neuron. Where each neuron's own
    spikes raise its threshold, they are those of a neuron that never fires.

    Raises:
        LimitExceeded: a threshold isn't positive (or not finite), so it can't be rescaled to 1.
        UnsupportedLayer: each neuron has a threshold of its own, by a rule that doesn't say which.
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


def spike_adaptations(network: SpikingNetwork) -> dict[str, SpikeAdaptation]:
    """LIFs whose threshold follows each neuron's own spikes, by path."""
    found = {name: neuron.threshold_rule.spike_adaptation() for name, neuron in network.neurons()}
    return {name: rule for name, rule in found.items() if rule is not None and rule.moves}


def refuse_adaptations(strategy: str, adaptations: Mapping[str, SpikeAdaptation]) -> None:
    """Refuses thresholds that follow spikes where constants are to be made of them.

    Raises:
        UnsupportedLayer: there are some; the message says which strategy and target could.
    """
    for name, rule in adaptations.items():
        raise UnsupportedLayer(
            f"layer '{name}' (method {rule.method}): each neuron's threshold follows its own "
            f"spikes, of which strategy '{strategy}' can make no constant, and targets nir, netx, "
            "chip and chip-onnx hold none that moves so. Export with threshold strategy 'schedule' "
            "and targets schedule and onnx."
        )


def adaptation_facts(rule: SpikeAdaptation | None) -> AdaptationFacts | None:
    """The rule in units of its constant part."""
    return None if rule is None else AdaptationFacts(beta=rule.beta / rule.base, rho=rule.rho)


def _schedule(name: str, neuron: LIF, time_steps: int) -> FloatArray:
    rule = neuron.threshold_rule
    thresholds, adaptation = rule.schedule(time_steps), rule.spike_adaptation()
    gain = float(1 - neuron.decay.detach().double()) if neuron.decay_input else 1.0
    if adaptation is not None:
        return np.full(time_steps, adaptation.base / gain)
    if thresholds is None:
        raise UnsupportedLayer(
            f"layer '{name}' ({type(rule).__name__}): each neuron has a threshold of its own, and "
            "the rule says neither a schedule nor how spikes move it. Train with a method whose "
            "threshold belongs to the layer, e.g. ds-atgo."
        )
    schedule: FloatArray = thresholds.detach().double().cpu().numpy() / gain
    return schedule
