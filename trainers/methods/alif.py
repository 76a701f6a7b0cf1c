"""ALIF: a threshold per neuron that rises with the neuron's own spikes and falls back.

Source: Bellec et al., NeurIPS 2018 (LSNN), from general accounts; reset, surrogate and the place
of tau_a in the options are ours.

    theta[t] = b0 + beta a[t] ;   a[0] = 0
    a[t+1] = rho a[t] + (1 - rho) s[t] ;   rho = exp(-1/tau_a)

In LSNN the gradient flows through a; Norse's code cuts it at s, which is the default here
(`detach`). The state a belongs to one forward pass, in training and in evaluation, and is no part
of a checkpoint. Such a network freezes with threshold strategy `schedule` to ONNX alone: NIR, netx
and the chip hold no thresholds that follow spikes.
"""

import math
from typing import cast

import torch
from pydantic import Field
from torch import Tensor

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.lif import LIF
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import SpikeAdaptation, ThresholdRule
from trainers.widened import at_least_float32


class ALIFOptions(MethodOptions):
    """Options of `alif`.

    Args:
        threshold: b0, the threshold of a neuron that hasn't fired.
        beta: rise of the threshold per unit of a (1.8; some tasks of the paper 1.7).
        tau_a: time constant of a, in steps.
        detach: cut the gradient from a to the spikes that raised it (Norse); False lets it flow
            (LSNN).
        surrogate: shape of ds/du, a name of trainers.neurons.derivatives.SHAPES.
        surrogate_width: its width; None for the shape's usual one.
    """

    threshold: float = Field(default=1.0, gt=0)
    beta: float = Field(default=1.8, ge=0)
    tau_a: float = Field(default=20.0, gt=0)
    detach: bool = True
    surrogate: ShapeName = "rectangular"
    surrogate_width: float | None = Field(default=None, gt=0)


class SpikeDrivenThreshold(ThresholdRule):
    """theta = b0 + beta a, with a [B, ...] following each neuron's spikes of the same pass."""

    b0: Tensor
    beta: Tensor
    rho: Tensor

    def __init__(self, neuron: LIF, options: ALIFOptions) -> None:
        super().__init__()
        self.register_buffer("b0", torch.tensor(options.threshold))
        self.register_buffer("beta", torch.tensor(options.beta))
        self.register_buffer("rho", torch.tensor(math.exp(-1 / options.tau_a)))
        self.detach = options.detach
        # In a list, so that the neuron doesn't become a child of its own child.
        self.neurons = [neuron]
        self.adaptation: Tensor | None = None

    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """Thresholds [B, ...] of the step; the first step of a pass starts from a = 0."""
        if step == 0 or self.adaptation is None:
            self.adaptation = torch.zeros_like(at_least_float32(membrane))
        return (self.b0 + self.beta * self.adaptation).to(membrane.dtype)

    def observe(self, fired: Tensor, step: int) -> None:
        """Moves a by the step's spikes; after the last step it lets go of a."""
        if self.adaptation is None or step + 1 == self.neurons[0].time_steps:
            self.adaptation = None
            return
        spikes = at_least_float32(fired.detach() if self.detach else fired)
        self.adaptation = self.rho * self.adaptation + (1 - self.rho) * spikes

    def schedule(self, time_steps: int) -> None:
        """None: each neuron has its own."""
        del time_steps

    def spike_adaptation(self) -> SpikeAdaptation:
        """b0, beta and rho as they are used."""
        base, beta, rho = (float(value.double()) for value in (self.b0, self.beta, self.rho))
        return SpikeAdaptation("alif", base, beta, rho)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF thresholds that follow its own spikes; decays stay the network's."""
    chosen = cast(ALIFOptions, options)
    for _, neuron in network.neurons():
        neuron.threshold_rule = SpikeDrivenThreshold(neuron, chosen)
        neuron.surrogate = Shaped(chosen.surrogate, chosen.surrogate_width)


def parts(options: MethodOptions) -> frozenset[Part]:
    """Threshold and surrogate."""
    del options
    return frozenset(("threshold", "surrogate"))


ALIF = Method(
    summary="a threshold per neuron that rises with its own spikes",
    source="Bellec et al., NeurIPS 2018 (LSNN)",
    options=ALIFOptions,
    prepare=prepare,
    parts=parts,
)
