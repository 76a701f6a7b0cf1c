"""The neurons' walk through time on a CPU: one compiled loop over steps and neurons.

A block of neurons stays in the core's nearest cache while all its steps pass. The kernels hold no
lock, so that batches run on several cores at once.
"""

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from export.chip.limits import STATE_LIMIT, STATE_SHIFT
from hwsim.engine.neuron import Advance, Arrivals, NeuronParameters, NeuronState
from hwsim.errors import SimulationError

BLOCK = 1024
"""Neurons that pass all their steps before the next ones do."""

SHIFT = np.int32(STATE_SHIFT)
HIGHEST = np.int32(STATE_LIMIT - 1)
"""v stays within +-(2^23 - 1), while u may be exactly +2^23."""
LIMIT = np.int32(STATE_LIMIT)
TURN = np.int32(2 * STATE_LIMIT)
NARROW_SHIFT = np.int32(8)
"""Up and down again by 8 bits keeps the low 24 bits and their sign."""


def advance(
    parameters: NeuronParameters,
    state: NeuronState,
    arrivals: Arrivals | None,
    bias: Tensor,
    steps: int,
    *,
    keep: bool,
    count_neurons: bool = False,
) -> Advance:
    """Walks `steps` steps; see `hwsim.engine.neuron` for the arithmetic.

    Args:
        parameters: of the population.
        state: before the first step; afterwards that after the last one.
        arrivals: synaptic sums; None where no synapse leads here.
        bias: state units, int32 [T or 1, N or 1, neurons].
        steps: T.
        keep: keep u and v of every step.
        count_neurons: count spikes and active updates of each neuron too, over the samples.

    Raises:
        SimulationError: a sum isn't an integer.
    """
    samples, neurons = state.u.shape
    spikes = np.empty((steps, samples, neurons), dtype=np.uint8)
    counts = np.zeros((4, steps, samples), dtype=np.int64)
    kept = np.empty((2, steps if keep else 0, samples, neurons), dtype=np.int32)
    by_neuron = np.zeros((2, steps if count_neurons else 0, neurons), dtype=np.int32)
    silence = Arrivals(torch.zeros((1, samples, neurons), dtype=torch.int32), first=steps)
    sent = arrivals or silence
    broken = _walk(
        sent.sums.numpy(),
        sent.first,
        NARROW_SHIFT if sent.narrow else np.int32(0),
        parameters.keep_u.numpy(),
        parameters.keep_v.numpy(),
        parameters.threshold.numpy(),
        bias.numpy(),
        state.u.numpy(),
        state.v.numpy(),
        spikes,
        counts,
        kept,
        by_neuron,
    )
    if broken:
        raise SimulationError(
            f"synaptic sums: {broken} of them aren't integers, so this computer's convolutions "
            "or matrix products aren't exact. Report it with your torch version and processor."
        )
    fired, active, wraps, saturations = torch.from_numpy(counts)
    u, v = torch.from_numpy(kept)
    by_neuron_fired, by_neuron_active = torch.from_numpy(by_neuron)
    return Advance(
        torch.from_numpy(spikes),
        fired,
        active,
        wraps,
        saturations,
        u,
        v,
        by_neuron_fired,
        by_neuron_active,
    )


@njit(nogil=True, cache=True)
def _walk(
    sums: Any, first: int, narrow: Any, keep_u: Any, keep_v: Any, threshold: Any, bias: Any,
    u: Any, v: Any, spikes: Any, counts: Any, kept: Any, by_neuron: Any,
) -> int:  # fmt: skip
    steps, samples, neurons = spikes.shape
    silent = np.zeros(BLOCK, dtype=sums.dtype)
    before = np.empty(BLOCK, dtype=np.int32)
    broken = 0
    for n in range(samples):
        for start in range(0, neurons, BLOCK):
            stop = min(start + BLOCK, neurons)
            u_here, v_here = u[n, start:stop], v[n, start:stop]
            level = threshold[0, start:stop]
            for t in range(steps):
                if threshold.shape[0] > 1:
                    level = threshold[t, start:stop]
                if t >= first:
                    row = sums[t - first if sums.shape[0] > 1 else 0, n, start:stop]
                else:
                    row = silent[: stop - start]
                pushed = bias[
                    t if bias.shape[0] > 1 else 0, n if bias.shape[1] > 1 else 0, start:stop
                ]
                if by_neuron.shape[1] > 0:
                    _remember(u_here, v_here, before)
                fired, active, wraps, clipped, inexact = _step(
                    row,
                    narrow,
                    keep_u[start:stop],
                    keep_v[start:stop],
                    level,
                    pushed,
                    u_here,
                    v_here,
                    spikes[t, n, start:stop],
                )
                counts[0, t, n] += fired
                counts[1, t, n] += active
                counts[2, t, n] += wraps
                counts[3, t, n] += clipped
                broken += inexact
                if kept.shape[1] > 0:
                    kept[0, t, n, start:stop] = u_here
                    kept[1, t, n, start:stop] = v_here
                if by_neuron.shape[1] > 0:
                    totals = by_neuron[:, t, start:stop]
                    _add(before, u_here, pushed, spikes[t, n, start:stop], totals[0], totals[1])
    return broken


@njit(nogil=True, cache=True)
def _remember(u: Any, v: Any, before: Any) -> None:
    for i in range(len(u)):
        before[i] = u[i] | v[i]


@njit(nogil=True, cache=True)
def _add(before: Any, u: Any, bias: Any, spikes: Any, fired: Any, active: Any) -> None:
    # A pass of its own: the step without it stays as fast as if there were no such counts.
    for i in range(len(u)):
        fired[i] += np.int32(spikes[i])
        active[i] += np.int32((before[i] | u[i] | bias[i]) != 0)


@njit(nogil=True, cache=True)
def _step(
    row: Any, narrow: Any, keep_u: Any, keep_v: Any, threshold: Any, bias: Any, u: Any, v: Any,
    spikes: Any,
) -> tuple[Any, Any, Any, Any, Any]:  # fmt: skip
    # Casts to int32 throughout: numba would widen every sum to 64 bits, and Lava's have 32.
    fired = active = wraps = clipped = inexact = np.int32(0)
    for i in range(len(u)):
        a = np.int32(row[i])
        inexact += np.int32(a != row[i])
        a = np.int32(np.int32(a << narrow) >> narrow)
        before = u[i] | v[i]
        current = np.int32(_decayed(u[i], keep_u[i]) + np.int32(a << SHIFT))
        above, below = current > LIMIT, current <= -LIMIT
        if above:
            current = np.int32(current - TURN)
        elif below:
            current = np.int32(current + TURN)
        voltage = np.int32(np.int32(_decayed(v[i], keep_v[i]) + current) + bias[i])
        within = min(max(voltage, np.int32(-HIGHEST)), HIGHEST)
        spike = within > threshold[i]
        u[i] = current
        v[i] = np.int32(0) if spike else within
        spikes[i] = spike
        fired += np.int32(spike)
        active += np.int32((before | current | bias[i]) != 0)
        wraps += np.int32(above | below)
        clipped += np.int32(within != voltage)
    return fired, active, wraps, clipped, inexact


@njit(inline="always")
def _decayed(x: Any, keep: Any) -> Any:
    """rtz(x * keep) in 32 bits: |x| = 4096 h + l gives h keep + (l keep >> 12), exactly."""
    size = np.uint32(abs(np.int64(x)))
    high = np.uint32((size >> np.uint32(12)) * np.uint32(keep))
    low = np.uint32((size & np.uint32(4095)) * np.uint32(keep))
    kept = np.uint32(high + (low >> np.uint32(12)))
    return np.int32(-np.int64(kept)) if x < 0 else np.int32(kept)
