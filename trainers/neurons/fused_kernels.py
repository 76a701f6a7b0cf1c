"""The kernels of trainers.neurons.fused: plain functions of tensors, compiled once per variant.

Membranes are float32 at least, also for currents in half precision, so that the backward pass
finds the very spikes of the forward pass. r[t] = u[t] (1 - s[t]) is the membrane after its reset.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from trainers.neurons.scaled import ScaledSurrogate

Gradients = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]

RECOMPILE_LIMIT = 64
"""Variants of one kernel: axes of length one, dtypes, surrogates, which gradients are asked for."""


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


@dataclass(frozen=True)
class Moments:
    """Mean of a membrane, and the sum of squares about it."""

    mean: Tensor
    squares: Tensor


@cache
def compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel as torch compiles it, for any sizes."""
    with warnings.catch_warnings():
        # torch's compiler imports parts of torch that torch itself deprecates.
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        fast = torch.compile(  # type: ignore[call-overload]
            kernel, dynamic=True, recompile_limit=RECOMPILE_LIMIT, isolate_recompiles=True
        )

    def without_history(*given: Any) -> Any:
        # The compiler looks at the gradient of each tensor, of which inner ones have none.
        return fast(*(item.detach() if isinstance(item, Tensor) else item for item in given))

    return without_history


def wide(current: Tensor) -> Tensor:
    """The current in the membrane's precision."""
    return current.to(torch.promote_types(current.dtype, torch.float32))


def scaled(current: Tensor, gain: Tensor | None) -> Tensor:
    """The current that reaches the membrane."""
    return wide(current) if gain is None else gain * wide(current)


def spikes(currents: Tensor, decay: Tensor, gain: Tensor | None, thresholds: Tensor) -> Tensor:
    """Spikes [T, B, features] under thresholds [T]."""
    rows: Tensor = compiled(_spikes)(currents, decay, gain, thresholds)
    return rows


def _spikes(currents: Tensor, decay: Tensor, gain: Tensor | None, thresholds: Tensor) -> Tensor:
    reset = torch.zeros_like(wide(currents[0]))
    rows = []
    for step, incoming in enumerate(currents):
        membrane = decay * reset + scaled(incoming, gain)
        spiked = (membrane - thresholds[step] > 0).to(membrane.dtype)
        reset = membrane * (1 - spiked)
        rows.append(spiked.to(currents.dtype))
    return torch.stack(rows)


@torch.no_grad()
def advanced(
    before: tuple[Tensor, Tensor, Tensor] | None,
    incoming: Tensor,
    decay: Tensor,
    gain: Tensor | None,
) -> tuple[Tensor, Moments | None]:
    """The membrane of a step, and its moments where a kernel finds them on the way.

    Args:
        before: membrane and threshold of the step before, and where its spikes go.
        incoming: current of this step.
        decay: of the membrane.
        gain: factor on the current; None for 1.
    """
    if before is None:
        return scaled(incoming, gain), None
    return compiled(_advanced)(*before, incoming, decay, gain), None


def _advanced(
    membrane: Tensor,
    threshold: Tensor,
    row: Tensor,
    incoming: Tensor,
    decay: Tensor,
    gain: Tensor | None,
) -> Tensor:
    spiked = (membrane - threshold > 0).to(membrane.dtype)
    row.copy_(spiked)
    return decay * (membrane * (1 - spiked)) + scaled(incoming, gain)


@torch.no_grad()
def fired(membrane: Tensor, threshold: Tensor, row: Tensor) -> None:
    """Writes the last step's spikes."""
    compiled(_fired)(membrane, threshold, row)


def _fired(membrane: Tensor, threshold: Tensor, row: Tensor) -> None:
    row.copy_((membrane - threshold > 0).to(row.dtype))


def gradients(
    surrogate: ScaledSurrogate,
    currents: Tensor,
    decay: Tensor,
    gain: Tensor | None,
    thresholds: Tensor,
    widths: Tensor,
    grad: Tensor,
    of_decay: bool,
    of_gain: bool,
    of_thresholds: bool,
) -> Gradients:
    """Gradients of currents, decay, gain and thresholds, from that of the spikes [T, B, features].

    With G[t] the gradient that reaches s[t] from outside and F[t] that of r[t]:

        ds[t] = G[t] - F[t] u[t] ;   dh[t] = surrogate(ds[t])
        du[t] = dh[t] + F[t] (1 - s[t]) ;   F[t-1] = decay du[t]
        dI[t] = gain du[t] ;   ddecay = sum du[t] r[t-1] ;   dgain = sum du[t] I[t]
        dthreshold[t] = - sum dh[t]
    """
    flags = (of_decay, of_gain, of_thresholds)
    found: Gradients = compiled(_gradients)(
        surrogate, currents, decay, gain, thresholds, widths, grad, *flags
    )
    return found


def _gradients(
    surrogate: ScaledSurrogate,
    currents: Tensor,
    decay: Tensor,
    gain: Tensor | None,
    thresholds: Tensor,
    widths: Tensor,
    grad: Tensor,
    of_decay: bool,
    of_gain: bool,
    of_thresholds: bool,
) -> Gradients:
    reset = torch.zeros_like(wide(currents[0]))
    membranes, resets = [], []
    for step, incoming in enumerate(currents):
        membranes.append(decay * reset + scaled(incoming, gain))
        resets.append(reset)
        spiked = (membranes[step] - thresholds[step] > 0).to(reset.dtype)
        reset = membranes[step] * (1 - spiked)
    flow = torch.zeros_like(reset)
    rows: list[Tensor] = []
    decay_sum = gain_sum = torch.zeros_like(decay)
    threshold_sums: list[Tensor] = []
    for step in reversed(range(len(membranes))):
        membrane = membranes[step]
        distance = membrane - thresholds[step]
        spiked = (distance > 0).to(membrane.dtype)
        through = wide(grad[step]) - flow * membrane
        inner = surrogate.gradient(through, distance, widths[step])
        total = inner + flow * (1 - spiked)
        rows.append(scaled(total, gain).to(currents.dtype))
        if of_decay:
            decay_sum = decay_sum + (total * resets[step]).sum()
        if of_gain:
            gain_sum = gain_sum + (total * wide(currents[step])).sum()
        if of_thresholds:
            threshold_sums.append(-inner.sum())
        flow = decay * total
    return (
        torch.stack(rows[::-1]),
        decay_sum if of_decay else None,
        gain_sum if of_gain else None,
        torch.stack(threshold_sums[::-1]) if of_thresholds else None,
    )
