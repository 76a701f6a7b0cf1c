"""MSG: masked surrogate gradient, noise on the gradient in training only.

Source: Li, Zhao, Zhao, Zeng, Neural Networks 2024 (arXiv 2406.19645) and the authors' code.

The paper's neuron V <- V + (I - V)/tau_m with threshold V_th is our neuron in units u = tau_m V:
u <- (1 - 1/tau_m) u + I, threshold tau_m V_th. So, with x = V - V_th = (u - threshold) / tau_m,

    ds/du = (1/tau_m) g(x) M ,   M ~ Bernoulli(1 - p) per element, step and mini-batch

    arctan           g(x) = alpha / (1 + (pi/2 alpha x)^2)
    piecewise-linear g(x) = max(0, alpha - alpha^2 |x|)

The mask is drawn in the backward pass, from torch's generator, which training seeds per epoch. The
paper's text and the code mask the surrogate, which is the default here; its equations 10 and 11
and Algorithm 1 mask the gradient of each weight W instead (`mask` = weight-gradient):

    dL/dW <- dL/dW M ,   M ~ Bernoulli(1 - p) per weight, once per backward pass

The code keeps the expectation at 1 - p times the gradient; `rescale` divides by 1 - p.

The authors' batch norm takes the statistics of each time step alone; ours takes them over all steps
and the batch together.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.surrogate import Surrogate, sloped_spike
from trainers.neurons.threshold import FixedThreshold

Base = Literal["arctan", "piecewise-linear"]
Mask = Literal["surrogate", "weight-gradient"]
WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


class MSGOptions(MethodOptions):
    """Options of `msg`.

    Args:
        mask_probability: p, the share of gradients masked; 0 is the plain surrogate.
        mask: what is masked; with `weight-gradient` the surrogate stays whole.
        base: shape of the surrogate.
        alpha: its steepness.
        rescale: divide by 1 - p, so that the mean gradient stays.
        tau_m: membrane time constant in steps.
        threshold: V_th.
    """

    mask_probability: float = Field(default=0.5, ge=0, lt=1)
    mask: Mask = "surrogate"
    base: Base = "piecewise-linear"
    alpha: float = Field(default=2.0, gt=0)
    rescale: bool = False
    tau_m: float = Field(default=2.0, gt=1)
    threshold: float = Field(default=0.5, gt=0)


def surrogate_derivative(x: Tensor, base: Base, alpha: float) -> Tensor:
    """The unmasked g(x) of x = V - V_th."""
    if base == "arctan":
        return alpha / (1 + (math.pi / 2 * alpha * x) ** 2)
    return torch.clamp(alpha - alpha**2 * x.abs(), min=0)


def masked(gradient: Tensor, probability: float | Tensor, rescale: bool) -> Tensor:
    """The gradient under a fresh mask of its own shape."""
    kept = torch.rand_like(gradient) >= probability
    gradient = gradient * kept
    return gradient / (1 - probability) if rescale else gradient


class _MaskedSpike(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, distance: Tensor, slope: Tensor, probability: Tensor, rescale: bool
    ) -> Tensor:
        ctx.save_for_backward(slope, probability)
        ctx.rescale = rescale
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        slope, probability = ctx.saved_tensors
        (grad,) = grad_outputs
        return masked(grad * slope, probability, ctx.rescale), None, None, None


class MaskedSurrogate(ScaledSurrogate):
    """The base surrogate, with a fresh mask in every backward pass unless weights are masked."""

    tau: Tensor
    probability: Tensor

    def __init__(self, options: MSGOptions) -> None:
        super().__init__()
        self.options = options
        # The options say what these are; a compiled loop's backward can't hold a number.
        for name, value in (("tau", options.tau_m), ("probability", options.mask_probability)):
            self.register_buffer(name, torch.tensor(float(value)), persistent=False)

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """tau_m, which scales the base from V to u."""
        del membrane, threshold, step
        return self.tau

    def spike(self, distance: Tensor, width: Tensor) -> Tensor:
        """Spikes; the mask touches gradients alone."""
        slope = self.slope(distance.detach(), width)
        if self.options.mask != "surrogate" or self.options.mask_probability == 0:
            return sloped_spike(distance, slope)
        spikes: Tensor = _MaskedSpike.apply(  # type: ignore[no-untyped-call]
            distance, slope, self.probability, self.options.rescale
        )
        return spikes

    def gradient(self, grad: Tensor, distance: Tensor, width: Tensor) -> Tensor:
        """Masked, unless weights are."""
        gradient = super().gradient(grad, distance, width)
        if self.options.mask != "surrogate" or self.options.mask_probability == 0:
            return gradient
        return masked(gradient, self.probability, self.options.rescale)

    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        """The unmasked (1/tau_m) g(x)."""
        x = distance / width
        return surrogate_derivative(x, self.options.base, self.options.alpha) / width


@dataclass(frozen=True)
class WeightGradientMask:
    """A hook on one weight, which torch calls once per backward pass with the whole gradient.

    A hook outlives its method, so it acts only while the layer it was installed with still has
    the same surrogate: preparing a network again, by msg or another method, never masks twice.

    Args:
        options: of the method.
        neuron: one of the network's layers.
        surrogate: what the method gave that layer.
    """

    options: MSGOptions
    neuron: LIF
    surrogate: Surrogate

    def __call__(self, gradient: Tensor) -> Tensor:
        """The masked gradient."""
        if self.neuron.surrogate is not self.surrogate or self.options.mask_probability == 0:
            return gradient
        return masked(gradient, self.options.mask_probability, self.options.rescale)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF the paper's decay and threshold in our units, and masks what is chosen."""
    chosen = cast(MSGOptions, options)
    for _, neuron in network.neurons():
        neuron.set_decay(1 - 1 / chosen.tau_m)
        neuron.threshold_rule = FixedThreshold(chosen.tau_m * chosen.threshold)
        neuron.surrogate = MaskedSurrogate(chosen)
    if chosen.mask == "weight-gradient":
        _, neuron = next(network.neurons())
        for weight in _weights(network.body):
            weight.register_hook(WeightGradientMask(chosen, neuron, neuron.surrogate))


def _weights(body: nn.Module) -> list[nn.Parameter]:
    """The weights of convolutions and linear layers that learn, each once."""
    layers = (module for module in body.modules() if isinstance(module, WEIGHTED))
    weights = {id(layer.weight): cast(nn.Parameter, layer.weight) for layer in layers}
    return [weight for weight in weights.values() if weight.requires_grad]


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF; the weights' gradients too where those are masked."""
    weights = cast(MSGOptions, options).mask == "weight-gradient"
    return frozenset(
        ("threshold", "surrogate", "decay", *(("weight gradient",) if weights else ()))
    )


MSG = Method(
    summary="surrogate gradient masked at random in the backward pass",
    source="Li et al., Neural Networks 2024 (arXiv 2406.19645)",
    options=MSGOptions,
    prepare=prepare,
    parts=parts,
)
