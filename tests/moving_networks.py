"""Networks whose thresholds move, trained or drawn, in float64 with decays on the chip's grid."""

from collections.abc import Callable

import torch
from torch import nn

from tests.torch_networks import Residual, conv_body, conv_norm, images_for, networked
from trainers.methods import METHODS
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)
EXACT_DECAYS = (0.25, 0.5, 0.75)
"""Multiples of 1/4096, of which logit and sigmoid leave an exact float64."""


def residual_body() -> nn.Sequential:
    """A convolution, a residual block and a readout, on [1, 8, 8]."""
    block = Residual(conv_norm(4, 4), nn.Identity(), LIF(0.4))
    return nn.Sequential(
        *conv_norm(1, 4), LIF(0.2), block, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
    )


def flat_body() -> nn.Sequential:
    """Three linear layers, on [1, 8, 8]."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 24), LIF(), nn.Linear(24, 16), LIF(), nn.Linear(16, 5)
    )


BODIES: dict[str, Callable[[], nn.Module]] = {
    "convolutions": conv_body,
    "residual": residual_body,
    "flat": flat_body,
}


def scheduled(body: str, seed: int, time_steps: int = 4) -> SpikingNetwork:
    """A network under DS-ATGO whose running thresholds differ widely from step to step."""
    network = networked(BODIES[body](), seed=seed, time_steps=time_steps)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    generator = torch.Generator().manual_seed(seed)
    for k, (_, neuron) in enumerate(network.neurons()):
        neuron.set_decay(EXACT_DECAYS[(k + seed) % len(EXACT_DECAYS)])
        rule = neuron.threshold_rule
        assert isinstance(rule, AdaptiveThreshold)
        rule.running.copy_(0.2 + 1.2 * torch.rand(time_steps, generator=generator))
    return network.double().eval()


def adaptive(
    body: str, seed: int, time_steps: int = 6, *, decay_input: bool = False, **options: float
) -> SpikingNetwork:
    """A network under ALIF."""
    network = networked(BODIES[body](), seed=seed, time_steps=time_steps)
    chosen = METHODS["alif"].options(**{"threshold": 0.4, "tau_a": 3.0, **options})
    METHODS["alif"].prepare(network, chosen)
    for k, (_, neuron) in enumerate(network.neurons()):
        neuron.set_decay(EXACT_DECAYS[(k + seed) % len(EXACT_DECAYS)])
        neuron.decay_input = decay_input
    return network.double().eval()


def inputs(samples: int = 8, seed: int = 1) -> torch.Tensor:
    """Images for all of them."""
    return images_for(SHAPE, samples, seed)
