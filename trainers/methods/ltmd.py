"""LTMD: one threshold per layer that learns with the weights.

Source: the authors' code (sq117/LTMD) of Wang et al., NeurIPS 2022; the paper wasn't read.

    u <- tau u (1 - s) + I ;   s = u > tanh(w) ;   tau = 0.25, w0 = 0.5

The gradient flows through u - tanh(w): with g(u - theta) the surrogate (rectangle of width 1),
ds/du = g and ds/dw = -g (1 - tanh(w)^2). Weight decay pulls w, and with it the threshold, towards
0. The moderate dropout of the paper belongs to the network: put nn.Dropout into it.
"""

from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import ThresholdRule


class LTMDOptions(MethodOptions):
    """Options of `ltmd`.

    Args:
        initial_w: w at the start; the threshold starts at tanh(w).
        decay: tau, the same for every layer and not learnt.
        surrogate: shape of ds/du, a name of trainers.neurons.derivatives.SHAPES.
        surrogate_width: its width; None for the shape's usual one.
    """

    initial_w: float = Field(default=0.5, gt=0)
    decay: float = Field(default=0.25, gt=0, lt=1)
    surrogate: ShapeName = "rectangular"
    surrogate_width: float | None = Field(default=None, gt=0)


class LearnableThreshold(ThresholdRule):
    """theta = tanh(w), the same at every step, in training and in evaluation."""

    scalar = True
    reads_membrane = False

    def __init__(self, initial_w: float = 0.5) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(float(initial_w)))

    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """tanh(w), which carries the gradient to w."""
        del membrane, step
        return torch.tanh(self.w)

    def schedule(self, time_steps: int) -> Tensor:
        """tanh(w), T times, detached."""
        return torch.tanh(self.w.detach()).expand(time_steps)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF a threshold of its own that learns, and the fixed decay."""
    chosen = cast(LTMDOptions, options)
    for _, neuron in network.neurons():
        neuron.threshold_rule = LearnableThreshold(chosen.initial_w)
        neuron.surrogate = Shaped(chosen.surrogate, chosen.surrogate_width)
        neuron.set_decay(chosen.decay)
        neuron.decay_logit.requires_grad_(False)


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF."""
    del options
    return frozenset(("threshold", "surrogate", "decay"))


LTMD = Method(
    summary="one threshold per layer learnt with the weights",
    source="Wang et al., NeurIPS 2022 (LTMD)",
    options=LTMDOptions,
    prepare=prepare,
    parts=parts,
)
