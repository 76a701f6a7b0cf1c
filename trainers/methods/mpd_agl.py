"""MPD-AGL: surrogate width from the norm's gain and the decay.

Source: Jiang, Wang, Jiang, Fan, Yan, IJCAI 2025 (arXiv 2505.11863) and the authors' code. Only its
abstract and code were read; theorem numbers are the paper's.

The current after batch norm has standard deviation g_c per channel (norm gain, V_th included), so
with g the mean over channels and tau the decay, both detached ("Theorem 2"):

    k(1)      = 2 g
    k(t >= 2) = 2 sqrt(1 + tau^2) g ;   ds/du = (1/k) 1[|u - V_th| < k/2]

The threshold stays V_th. tdBN is batch norm over time, batch and space with the gain started at
V_th. The authors multiply V_th outside the gain: the same function, but under plain gradient
descent their product moves V_th^2 times as far in a step. A layer without a norm keeps k = 1. Where
several norms feed a layer (plain residual sums), our completion takes their currents for
independent: g = sqrt(sum of their g^2). The code doesn't bound the width; here
k >= `smallest_width`, since a mean gain of 0 or less would divide by zero or stop the gradient.
"""

from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.scaled import DrivenRectangle
from trainers.neurons.threshold import FixedThreshold
from trainers.preceding_norm import Norm, norms_before


class MPDAGLOptions(MethodOptions):
    """Options of `mpd-agl`.

    Args:
        threshold: V_th, also the start of the norms' gains.
        learn_decay: PLIF, one learnable decay per layer (authors' code).
        smallest_width: lower bound of k.
    """

    threshold: float = Field(default=0.5, gt=0)
    learn_decay: bool = True
    smallest_width: float = Field(default=1e-3, gt=0)


class NormDrivenGradient(DrivenRectangle):
    """The rectangle's width follows the norms before the layer, and the layer's decay."""

    def __init__(self, neuron: LIF, norms: list[Norm], smallest_width: float) -> None:
        super().__init__()
        # In lists, so that none becomes a child of this module and of its own parent at once.
        self.neurons = [neuron]
        self.norms = norms
        self.smallest_width = smallest_width

    def width(self, step: int) -> Tensor:
        """Width k of a step, detached."""
        decay = self.neurons[0].decay.detach()
        if not self.norms:
            return torch.ones_like(decay)
        gains = [norm.weight.detach().mean() for norm in self.norms]
        deviation = gains[0] if len(gains) == 1 else torch.stack(gains).square().sum().sqrt()
        growth = 1.0 if step == 0 else torch.sqrt(1 + decay**2)
        return torch.clamp(2 * growth * deviation, min=self.smallest_width)

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The width k."""
        del membrane, threshold
        return self.width(step)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Starts the norms' gains at V_th and ties every LIF's width to the norms before it."""
    chosen = cast(MPDAGLOptions, options)
    before = norms_before(network, "mpd-agl")
    for name, neuron in network.neurons():
        norms = [found.norm for found in before[name]]
        for norm in norms:
            nn.init.constant_(norm.weight, chosen.threshold)
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = NormDrivenGradient(neuron, norms, chosen.smallest_width)
        neuron.decay_logit.requires_grad_(chosen.learn_decay)


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF, and the norm before it."""
    del options
    return frozenset(("threshold", "surrogate", "decay", "norm"))


MPD_AGL = Method(
    summary="surrogate width from the norm's gain and the decay, first and later steps",
    source="Jiang et al., IJCAI 2025 (arXiv 2505.11863)",
    options=MPDAGLOptions,
    prepare=prepare,
    parts=parts,
)
