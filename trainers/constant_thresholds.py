"""A trained network again, with constant thresholds: what its last epochs can adapt to."""

import copy
from collections.abc import Mapping

import torch

from trainers.errors import ConfigError
from trainers.network import SpikingNetwork
from trainers.neurons.threshold import FixedThreshold
from trainers.readout import WeightedReadout


def with_constant_thresholds(
    network: SpikingNetwork, constants: Mapping[str, float]
) -> SpikingNetwork:
    """A deep copy whose thresholds and readout weights no longer move.

    Weights, decays, surrogates, auxiliary heads and losses are the network's; a readout that learns
    one weight per step keeps those it has. Hooks on weights, as of msg's `weight-gradient` mask,
    don't come along.

    Args:
        network: left as it was.
        constants: threshold per LIF, by its path in the module, at unit input gain: where the
            decay scales the current too (`decay_input`), the layer's own is 1 - decay times that.

    Raises:
        ConfigError: a LIF has no constant.
    """
    copied = copy.deepcopy(network)
    for name, neuron in copied.neurons():
        if name not in constants:
            raise ConfigError(
                f"layer '{name}': no constant threshold among those of "
                f"{', '.join(constants) or 'no layer'}. Give one for each LIF."
            )
        decay = neuron.decay.detach()
        gain = float(1 - decay.double()) if neuron.decay_input else 1.0
        rule = FixedThreshold()
        rule.value = torch.tensor(constants[name] * gain, dtype=decay.dtype, device=decay.device)
        neuron.threshold_rule = rule
    weights = copied.readout.weights(copied.time_steps)
    if weights is not None:
        copied.readout = WeightedReadout(weights.clone())
    return copied
