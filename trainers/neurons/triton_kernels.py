"""The kernels of trainers.neurons.fused for CUDA, written in Triton.

Each program holds a block of neurons and walks through all T steps, so a pass reads and writes
every current, spike and gradient once: 2 values per neuron and step forward, 3 backward (the
membranes it computes again lie in cache). An adaptive threshold needs the statistics of a whole
step before its spikes: then one launch per step also returns each block's sum and squares about
its own mean (trainers/moments.py).

Nothing imports this file before a CUDA tensor arrives. Imported with TRITON_INTERPRET=1, Triton's
interpreter runs the same kernels on CPU tensors.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from trainers.moments import combined
from trainers.neurons.fused_kernels import Gradients, Moments
from trainers.neurons.scaled import ScaledSurrogate
from trainers.widened import at_least_float32

BLOCK = 1024
SHAPES = ("rectangular", "triangular", "arctan")
"""Surrogates with a kernel, by their place here."""


@triton.jit
def _slope(distance: Any, width: Any, SHAPE: tl.constexpr) -> Any:
    if SHAPE == 0:
        slope = tl.where(tl.abs(distance) < width / 2, 1.0 / width, 0.0)
    elif SHAPE == 1:
        slope = tl.maximum(width - tl.abs(distance), 0.0) / (width * width)
    else:
        scaled = 3.141592653589793 * distance / width
        slope = 1.0 / (1.0 + scaled * scaled)
    return slope


@triton.jit
def _spikes_kernel(
    currents: Any, decay: Any, gain: Any, thresholds: Any, rows: Any, n: Any, T: Any,
    BLOCK: tl.constexpr,
) -> None:  # fmt: skip
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    kept, scale = tl.load(decay), tl.load(gain)
    reset = tl.zeros((BLOCK,), dtype=kept.dtype)
    for step in range(T):
        incoming = tl.load(currents + step * n + at, mask=inside, other=0.0).to(kept.dtype)
        membrane = kept * reset + scale * incoming
        fired = (membrane - tl.load(thresholds + step) > 0).to(kept.dtype)
        tl.store(rows + step * n + at, fired.to(rows.dtype.element_ty), mask=inside)
        reset = membrane * (1.0 - fired)


@triton.jit
def _advance_kernel(
    membranes: Any, threshold: Any, row: Any, incoming: Any, decay: Any, gain: Any, out: Any,
    sums: Any, squares: Any, n: Any, FIRST: tl.constexpr, BLOCK: tl.constexpr,
) -> None:  # fmt: skip
    program = tl.program_id(0)
    at = program.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    scale = tl.load(gain)
    membrane = scale * tl.load(incoming + at, mask=inside, other=0.0).to(scale.dtype)
    if not FIRST:
        before = tl.load(membranes + at, mask=inside, other=0.0)
        fired = (before - tl.load(threshold) > 0).to(scale.dtype)
        tl.store(row + at, fired.to(row.dtype.element_ty), mask=inside)
        membrane = tl.load(decay) * (before * (1.0 - fired)) + membrane
    tl.store(out + at, membrane, mask=inside)
    count = tl.minimum(n - program.to(tl.int64) * BLOCK, BLOCK)
    total = tl.sum(tl.where(inside, membrane, 0.0))
    distance = tl.where(inside, membrane - total / count, 0.0)
    tl.store(sums + program, total)
    tl.store(squares + program, tl.sum(distance * distance))


@triton.jit
def _gradients_kernel(
    currents: Any, grads: Any, decay: Any, gain: Any, thresholds: Any, widths: Any, scratch: Any,
    out: Any, decay_parts: Any, gain_parts: Any, threshold_parts: Any, n: Any, T: Any,
    SHAPE: tl.constexpr, BLOCK: tl.constexpr,
) -> None:  # fmt: skip
    program = tl.program_id(0)
    at = program.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    kept, scale = tl.load(decay), tl.load(gain)
    reset = tl.zeros((BLOCK,), dtype=kept.dtype)
    for step in range(T):
        incoming = tl.load(currents + step * n + at, mask=inside, other=0.0).to(kept.dtype)
        membrane = kept * reset + scale * incoming
        tl.store(scratch + step * n + at, membrane, mask=inside)
        fired = (membrane - tl.load(thresholds + step) > 0).to(kept.dtype)
        reset = membrane * (1.0 - fired)
    flow = tl.zeros((BLOCK,), dtype=kept.dtype)
    of_decay = tl.zeros((BLOCK,), dtype=kept.dtype)
    of_gain = tl.zeros((BLOCK,), dtype=kept.dtype)
    for back in range(T):
        step = T - 1 - back
        membrane = tl.load(scratch + step * n + at, mask=inside, other=0.0)
        distance = membrane - tl.load(thresholds + step)
        fired = (distance > 0).to(kept.dtype)
        grad = tl.load(grads + step * n + at, mask=inside, other=0.0).to(kept.dtype)
        through = grad - flow * membrane
        inner = through * _slope(distance, tl.load(widths + step), SHAPE)
        total = inner + flow * (1.0 - fired)
        incoming = tl.load(currents + step * n + at, mask=inside, other=0.0).to(kept.dtype)
        of_gain += total * incoming
        if step > 0:
            before = tl.load(scratch + (step - 1) * n + at, mask=inside, other=0.0)
            spiked = (before - tl.load(thresholds + step - 1) > 0).to(kept.dtype)
            of_decay += total * (before * (1.0 - spiked))
        passed = tl.sum(tl.where(inside, inner, 0.0))
        tl.store(threshold_parts + program * T + step, -passed)
        tl.store(out + step * n + at, (scale * total).to(out.dtype.element_ty), mask=inside)
        flow = kept * total
    tl.store(decay_parts + program, tl.sum(tl.where(inside, of_decay, 0.0)))
    tl.store(gain_parts + program, tl.sum(tl.where(inside, of_gain, 0.0)))


def has_kernel(surrogate: ScaledSurrogate) -> bool:
    """Whether the backward kernel knows the surrogate's shape."""
    return surrogate.kernel_shape in SHAPES


def spikes(currents: Tensor, decay: Tensor, gain: Tensor | None, thresholds: Tensor) -> Tensor:
    """As trainers.neurons.fused_kernels.spikes."""
    rows = torch.empty_like(currents)
    n, blocks = _launch(currents[0])
    decay, gain = _scalars(currents, decay, gain)
    _spikes_kernel[(blocks,)](
        currents, decay, gain, thresholds.to(decay.dtype), rows, n, len(currents), BLOCK=BLOCK
    )
    return rows


@torch.no_grad()
def advanced(
    before: tuple[Tensor, Tensor, Tensor] | None,
    incoming: Tensor,
    decay: Tensor,
    gain: Tensor | None,
) -> tuple[Tensor, Moments | None]:
    """As trainers.neurons.fused_kernels.advanced, and the membrane's mean and squares."""
    n, blocks = _launch(incoming)
    decay, gain = _scalars(incoming, decay, gain)
    out = torch.empty_like(at_least_float32(incoming))
    sums, squares = torch.empty(2, blocks, dtype=out.dtype, device=out.device)
    # Pointers that the first step never follows.
    membrane, threshold, row = before or (out, gain, out)
    _advance_kernel[(blocks,)](
        membrane, threshold.to(gain.dtype), row, incoming, decay, gain, out, sums, squares, n,
        FIRST=before is None, BLOCK=BLOCK,
    )  # fmt: skip
    counts = torch.full_like(sums, BLOCK)
    counts[-1] = n - BLOCK * (blocks - 1)
    _, mean, joint_squares = combined(counts, sums / counts, squares)
    return out, Moments(mean, joint_squares)


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
    """As trainers.neurons.fused_kernels.gradients."""
    n, blocks = _launch(currents[0])
    steps = len(currents)
    decay, gain = _scalars(currents, decay, gain)
    out = torch.empty_like(currents)
    # The reverse walk overwrites a membrane when it was read for the last time.
    scratch = out if out.dtype == decay.dtype else torch.empty_like(currents, dtype=decay.dtype)
    parts = torch.empty(2, blocks, dtype=decay.dtype, device=out.device)
    threshold_parts = torch.empty(blocks, steps, dtype=decay.dtype, device=out.device)
    _gradients_kernel[(blocks,)](
        currents, grad, decay, gain, thresholds.to(decay.dtype), widths.to(decay.dtype), scratch,
        out, parts[0], parts[1], threshold_parts, n, steps,
        SHAPE=SHAPES.index(str(surrogate.kernel_shape)), BLOCK=BLOCK,
    )  # fmt: skip
    return (
        out,
        parts[0].sum() if of_decay else None,
        parts[1].sum() if of_gain else None,
        threshold_parts.sum(0) if of_thresholds else None,
    )


def _launch(step: Tensor) -> tuple[int, int]:
    return step.numel(), triton.cdiv(step.numel(), BLOCK)


def _scalars(currents: Tensor, decay: Tensor, gain: Tensor | None) -> tuple[Tensor, Tensor]:
    precise = torch.promote_types(currents.dtype, torch.float32)
    kept = decay.detach().to(precise)
    return kept, torch.ones_like(kept) if gain is None else gain.detach().to(precise)
