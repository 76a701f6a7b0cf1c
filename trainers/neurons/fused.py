"""All steps of a layer in one kernel, compiled by torch on first use.

Step by step, each operation of a neuron reads and writes the whole layer in memory. Compiled, a
step's decay, threshold, spike and reset pass over it together. The backward pass keeps nothing but
the currents and computes the membranes again. Where a threshold or width follows the membrane's
statistics, a forward kernel stops after each step for them and holds one membrane at a time.

On the CPU spikes and thresholds are those of the plain loop bit for bit. The gradient of a decay is
summed in another order, and random masks are drawn in another order from the same generator.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

import torch
from torch import Tensor

from trainers.neurons import fused_kernels
from trainers.neurons.fused_kernels import fired
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.threshold import ThresholdRule

LONGEST_UNROLLED = 32
"""Steps that torch's compiler takes in a few seconds."""


@dataclass(frozen=True)
class Steps:
    """What a layer does at its steps.

    Args:
        thresholds: [T].
        widths: of the surrogate, [T].
        spikes: [T, B, features] where they are known already.
    """

    thresholds: Tensor
    widths: Tensor
    spikes: Tensor | None


class FusableLayer(Protocol):
    """What a LIF with one threshold and one width per step is to its kernels."""

    threshold_rule: ThresholdRule
    surrogate: Any
    decay_input: bool

    @property
    def decay(self) -> Tensor:
        """Decay factor, a scalar."""


def fused_steps(layer: FusableLayer, currents: Tensor, kernels: ModuleType) -> Tensor:
    """Spikes for currents, both [T, B, ...], of a layer that `LIF.is_fusable` says it is.

    The kernels walk over [T, B, features] with the features as they lie in memory: only then does
    the compiler take them in vectors, whatever the layout.
    """
    if currents.dim() == 5 and not currents.is_contiguous():
        channels_last = currents.permute(0, 1, 3, 4, 2)
        return _over_features(layer, channels_last, kernels).permute(0, 1, 4, 2, 3)
    return _over_features(layer, currents, kernels)


def _over_features(layer: FusableLayer, currents: Tensor, kernels: ModuleType) -> Tensor:
    rows = (currents.flatten(2) if currents.dim() > 2 else currents).contiguous()
    decay = layer.decay
    gain = 1 - decay if layer.decay_input else None
    found = _follow(layer.threshold_rule, layer.surrogate, rows, decay, gain, kernels)
    result: Tensor = _FusedSteps.apply(  # type: ignore[no-untyped-call]
        rows, decay, gain, found.thresholds, found.widths, found.spikes, layer.surrogate, kernels
    )
    return result.view(currents.shape)


def kernels_for(surrogate: ScaledSurrogate, currents: Tensor) -> ModuleType | None:
    """Triton's kernels on CUDA where the surrogate has one, else those that torch compiles.

    None for sequences too long to compile: torch writes every step out, Triton keeps the loop.
    """
    if currents.is_cuda and find_spec("triton") is not None:
        # Triton, which it needs, comes with CUDA builds of torch alone.
        from trainers.neurons import triton_kernels

        if triton_kernels.has_kernel(surrogate):
            return triton_kernels
    return fused_kernels if len(currents) <= LONGEST_UNROLLED else None


def _follow(
    rule: ThresholdRule,
    surrogate: ScaledSurrogate,
    currents: Tensor,
    decay: Tensor,
    gain: Tensor | None,
    kernels: ModuleType,
) -> Steps:
    """Thresholds and widths of every step; running statistics move on, once.

    The spikes come along where the membranes had to be computed for them anyway.
    """
    plain = surrogate.is_plain
    reads = rule.reads_membrane or (surrogate.reads_membrane and not plain)
    membrane = currents[0].detach()
    row = torch.empty_like(currents) if reads else None
    thresholds: list[Tensor] = []
    widths: list[Tensor] = []
    for step, incoming in enumerate(currents):
        if row is not None:
            before = (membrane, thresholds[-1], row[step - 1]) if step else None
            membrane, moments = kernels.advanced(before, incoming, decay, gain)
            if moments is not None:
                rule.learn_moments(membrane, moments.mean, moments.squares)
        threshold = rule(membrane, step)
        width = threshold if plain else surrogate.width_at(membrane, threshold, step)
        if threshold.dim() or width.dim():
            raise ValueError(
                f"{type(rule).__name__} and {type(surrogate).__name__}: shapes "
                f"{tuple(threshold.shape)} and {tuple(width.shape)} at step {step}, but a fused "
                "layer has one threshold and one width. Leave `scalar` False, or derive the "
                "surrogate from Surrogate."
            )
        thresholds.append(threshold)
        widths.append(width.detach().to(threshold.dtype))
    if row is not None:
        fired(membrane, thresholds[-1], row[-1])
    return Steps(torch.stack(thresholds), torch.stack(widths), row)


class _FusedSteps(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        currents: Tensor,
        decay: Tensor,
        gain: Tensor | None,
        thresholds: Tensor,
        widths: Tensor,
        known: Tensor | None,
        surrogate: ScaledSurrogate,
        kernels: ModuleType,
    ) -> Tensor:
        ctx.save_for_backward(currents, decay, gain, thresholds, widths)
        ctx.surrogate = surrogate
        ctx.kernels = kernels
        if known is not None:
            return known
        found: Tensor = kernels.spikes(currents, decay, gain, thresholds)
        return found

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        (grad,) = grad_outputs
        sums = tuple(ctx.needs_input_grad[1:4])
        found = ctx.kernels.gradients(ctx.surrogate, *saved, grad.contiguous(), *sums)
        return (*found, None, None, None, None)
