"""LSG: surrogate width from the learnt decay, the direct precursor of MPD-AGL.

Source: a third party's summary of Lian et al., IJCAI 2023; neither paper nor code was read. With
beta = sigma(b) the decay learnt by each layer, starting at 0.2 and detached in the width:

    u <- beta u (1 - s) + I ;   k = 2 V_th sqrt(1 + beta^2) ;   ds/du = (1/k) 1[|u - V_th| < k/2]

at every step, the first included, which is where MPD-AGL differs, and without the norm's gain,
which MPD-AGL adds. tdBN is batch norm over time, batch and space with its gain started at V_th.
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
from trainers.preceding_norm import norms_before


class LSGOptions(MethodOptions):
    """Options of `lsg`.

    Args:
        threshold: V_th, also the start of the norms' gains.
        initial_decay: beta at the start.
    """

    threshold: float = Field(default=0.5, gt=0)
    initial_decay: float = Field(default=0.2, gt=0, lt=1)


class DecayDrivenGradient(DrivenRectangle):
    """The rectangle's width follows the layer's decay."""

    def __init__(self, neuron: LIF) -> None:
        super().__init__()
        # In a list, so that the neuron doesn't become a child of its own child.
        self.neurons = [neuron]

    def width(self, threshold: Tensor) -> Tensor:
        """Width k of every step, detached."""
        decay = self.neurons[0].decay.detach()
        return 2 * threshold.detach() * torch.sqrt(1 + decay**2)

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The width k."""
        del membrane, step
        return self.width(threshold)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Starts the norms' gains at V_th and every LIF's decay, and ties its width to it."""
    chosen = cast(LSGOptions, options)
    norms = norms_before(network, "lsg")
    for name, neuron in network.neurons():
        for before in norms[name]:
            nn.init.constant_(before.norm.weight, chosen.threshold)
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = DecayDrivenGradient(neuron)
        neuron.set_decay(chosen.initial_decay)
        neuron.decay_logit.requires_grad_()


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF, and the norm before it."""
    del options
    return frozenset(("threshold", "surrogate", "decay", "norm"))


LSG = Method(
    summary="surrogate width from the learnt decay, the same at every step",
    source="Lian et al., IJCAI 2023 (third-party summary)",
    options=LSGOptions,
    prepare=prepare,
    parts=parts,
)
