"""The kernels of trainers.neurons.fused: plain functions of tensors, compiled once per variant.

Membranes are float32 at least, also for currents in half precision, so that the backward pass
finds the very spikes of the forward pass. r[t] = u[t] (1 - s[t]) is the membrane after its reset.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from trainers.neurons.scaled import ScaledSurrogate
from trainers.widened import at_least_float32

Given = ParamSpec("Given")
Result = TypeVar("Result")
Gradients = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]

RECOMPILE_LIMIT = 64
"""Variants of one kernel: axes of length one, dtypes, surrogates, which gradients are asked for."""


@dataclass(frozen=True)
class Moments:
    """Mean of a membrane, and the sum of squares about it."""

    mean: Tensor
    squares: Tensor


def compiled(kernel: Callable[Given, Result]) -> Callable[Given, Result]:
    """The kernel as torch compiles it when it is first called, for any sizes."""

    @wraps(kernel)
    def fast(*given: Given.args, **named: Given.kwargs) -> Result:
        # The compiler looks at the gradient of each tensor, of which inner ones have none.
        cut = (item.detach() if isinstance(item, Tensor) else item for item in given)
        result: Result = _fast(kernel)(*cut, **named)
        return result

    return fast


@cache
def _fast(kernel: Callable[..., Result]) -> Callable[..., Result]:
    with warnings.catch_warnings():
        # torch's compiler imports parts of torch that torch itself deprecates.
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        fast: Callable[..., Result] = torch.compile(  # type: ignore[call-overload]
            kernel, dynamic=True, recompile_limit=RECOMPILE_LIMIT, isolate_recompiles=True
        )
    return fast


def scaled(current: Tensor, gain: Tensor | None) -> Tensor:
    """The current that reaches the membrane."""
    return at_least_float32(current) if gain is None else gain * at_least_float32(current)


@compiled
def spikes(currents: Tensor, decay: Tensor, gain: Tensor | None, thresholds: Tensor) -> Tensor:
    """Spikes [T, B, features] under thresholds [T]."""
    reset = torch.zeros_like(at_least_float32(currents[0]))
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
    return _advanced(*before, incoming, decay, gain), None


@compiled
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
@compiled
def fired(membrane: Tensor, threshold: Tensor, row: Tensor) -> None:
    """Writes the last step's spikes."""
    row.copy_((membrane - threshold > 0).to(row.dtype))


@compiled
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
    reset = torch.zeros_like(at_least_float32(currents[0]))
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
        through = at_least_float32(grad[step]) - flow * membrane
        inner = surrogate.gradient(through, distance, widths[step])
        total = inner + flow * (1 - spiked)
        rows.append(scaled(total, gain).to(currents.dtype))
        if of_decay:
            decay_sum = decay_sum + (total * resets[step]).sum()
        if of_gain:
            gain_sum = gain_sum + (total * at_least_float32(currents[step])).sum()
        if of_thresholds:
            threshold_sums.append(-inner.sum())
        flow = decay * total
    return (
        torch.stack(rows[::-1]),
        decay_sum if of_decay else None,
        gain_sum if of_gain else None,
        torch.stack(threshold_sums[::-1]) if of_thresholds else None,
    )
