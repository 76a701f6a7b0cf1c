"""The chip's neuron (current-based leaky integrate-and-fire) in exact integers, one step at a time.

    u <- rtz(u * (4096 - decay_u)) + (a << 6)              single wrap at 24 bits
    v <- rtz(v * (4096 - decay_v)) + u + (bias << 6)       saturates at 24 bits
    s  = v > threshold << 6 ;  v <- 0 where s ;  u untouched

with rtz(x) = sign(x) * (|x| >> 12). Source: `AbstractPyLifModelFixed` of lava-nc 0.10.0.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray, Population
from export.chip.limits import (
    BIAS_MANT_LAVA_MAX,
    DECAY_ONE,
    STATE_LIMIT,
    STATE_SHIFT,
    THRESHOLD_MANT_LAVA_MAX,
)
from hwsim.errors import SimulationError

VOLTAGE_LIMIT = STATE_LIMIT - 1
"""v stays within +-(2^23 - 1), while u may be exactly +2^23."""

RANGES = (
    ("decay_u", 0, DECAY_ONE),
    ("decay_v", 0, DECAY_ONE),
    ("threshold", 0, THRESHOLD_MANT_LAVA_MAX),
    ("bias", -BIAS_MANT_LAVA_MAX, BIAS_MANT_LAVA_MAX),
)
"""Fields of a population and what Lava holds of them."""

Keep = float | Tensor


@dataclass(frozen=True)
class NeuronParameters:
    """What the neurons of a population have; arrays are int32 and broadcast to [N, neurons].

    Args:
        keep_u: share of u that survives a step, (4096 - decay_u) / 4096, exact in float64.
        keep_v: share of v that survives a step.
        threshold: in state units (mantissa << 6).
        bias: in state units (mantissa << 6).
    """

    keep_u: Keep
    keep_v: Keep
    threshold: Tensor
    bias: Tensor


@dataclass(frozen=True)
class NeuronState:
    """What the neurons remember: current u and voltage v, int32 [N, neurons]."""

    u: Tensor
    v: Tensor


@dataclass(frozen=True)
class NeuronEvents:
    """What happened in one step: spikes, bool [N, neurons], and counts, int64 [N]."""

    spikes: Tensor
    active: Tensor
    wraps: Tensor
    saturations: Tensor


def neuron_parameters(population: Population, device: str) -> NeuronParameters:
    """The parameters of a population, its neurons flattened in C, H, W order.

    Raises:
        SimulationError: a value lies outside what Lava holds unchanged.
    """
    for key, lowest, highest in RANGES:
        values: IntArray = getattr(population, key)
        for extreme in (int(values.min()), int(values.max())):
            if not lowest <= extreme <= highest:
                raise SimulationError(
                    f"population '{population.name}': {key} {extreme} lies outside "
                    f"{lowest}..{highest}. Quantise the network again."
                )
    return NeuronParameters(
        keep_u=_keep(population.decay_u, device),
        keep_v=_keep(population.decay_v, device),
        threshold=_shifted(population.threshold, population, device),
        bias=_shifted(population.bias, population, device),
    )


def resting(samples: int, neurons: int, device: str) -> NeuronState:
    """The state u = v = 0 of every neuron of every sample."""
    zeros = torch.zeros((samples, neurons), dtype=torch.int32, device=device)
    return NeuronState(zeros, zeros)


def neuron_step(
    parameters: NeuronParameters, state: NeuronState, arriving: Tensor | None, bias: Tensor
) -> tuple[NeuronState, NeuronEvents]:
    """One time step of a whole batch.

    Args:
        parameters: of the population.
        state: after the step before.
        arriving: synaptic sums a, int32 [N, neurons]; None when no synapse leads here.
        bias: in state units, int32, broadcastable to [N, neurons].
    """
    current = _decayed(state.u, parameters.keep_u)
    if arriving is not None:
        # Like Lava's, this sum has 32 bits and wraps silently beyond.
        current = current + (arriving << STATE_SHIFT)
    u, wraps = _wrapped(current)
    voltage = _decayed(state.v, parameters.keep_v) + u + bias
    v, saturations = _saturated(voltage)
    spikes = v > parameters.threshold
    active = torch.count_nonzero(state.u | state.v | u | bias, dim=1)
    return (
        NeuronState(u, v.masked_fill(spikes, 0)),
        NeuronEvents(spikes, active, wraps, saturations),
    )


def _decayed(state: Tensor, keep: Keep) -> Tensor:
    """rtz(state * (4096 - decay)): 32 + 13 bits, exact in float64 and faster than int64."""
    if isinstance(keep, float) and keep in (0.0, 1.0):
        return state if keep else torch.zeros_like(state)
    return torch.trunc(state.to(torch.float64) * keep).to(torch.int32)


def _wrapped(current: Tensor) -> tuple[Tensor, Tensor]:
    """Current within 24 bits by one correction, which isn't enough for a sum far outside.

    Lava's bounds are lopsided: +2^23 stays, -2^23 becomes +2^23.
    """
    lowest, highest = (int(extreme) for extreme in torch.aminmax(current))
    if lowest > -STATE_LIMIT and highest <= STATE_LIMIT:
        return current, _none(current)
    above = current > STATE_LIMIT
    below = current <= -STATE_LIMIT
    turn = (below.to(torch.int32) - above.to(torch.int32)) * (2 * STATE_LIMIT)
    return current + turn, torch.count_nonzero(above | below, dim=1)


def _saturated(voltage: Tensor) -> tuple[Tensor, Tensor]:
    lowest, highest = (int(extreme) for extreme in torch.aminmax(voltage))
    if lowest >= -VOLTAGE_LIMIT and highest <= VOLTAGE_LIMIT:
        return voltage, _none(voltage)
    clipped = voltage.clamp(-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
    return clipped, torch.count_nonzero(clipped != voltage, dim=1)


def _none(state: Tensor) -> Tensor:
    return torch.zeros(state.shape[0], dtype=torch.int64, device=state.device)


def _keep(decay: IntArray, device: str) -> Keep:
    if decay.ndim == 0:
        return (DECAY_ONE - int(decay)) / DECAY_ONE
    return torch.from_numpy((DECAY_ONE - decay.reshape(-1)) / DECAY_ONE).to(device)


def _shifted(values: IntArray, population: Population, device: str) -> Tensor:
    full = values if values.ndim == 0 else np.broadcast_to(values, population.shape).reshape(-1)
    return torch.from_numpy(np.array(full << STATE_SHIFT, dtype=np.int32)).to(device)
