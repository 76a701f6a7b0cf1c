"""What the neurons of a population have, what reaches them, and what they did.

    u <- rtz(u * (4096 - decay_u)) + (a << 6)              single wrap at 24 bits
    v <- rtz(v * (4096 - decay_v)) + u + (bias << 6)       saturates at 24 bits
    s  = v > threshold << 6 ;  v <- 0 where s ;  u untouched

with rtz(x) = sign(x) * (|x| >> 12). Source: `AbstractPyLifModelFixed` of lava-nc 0.10.0. Computed
by `hwsim.engine.compiled_neuron` on a CPU and by `hwsim.engine.tensor_neuron` on other devices.

A threshold that changes from step to step of the population's window is ours: no chip has it.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray, Population
from export.chip.limits import (
    BIAS_MANT_LAVA_MAX,
    DECAY_ONE,
    STATE_SHIFT,
    THRESHOLD_MANT_LAVA_MAX,
)
from hwsim.engine.layout import channels_last
from hwsim.errors import SimulationError

RANGES = (
    ("decay_u", 0, DECAY_ONE),
    ("decay_v", 0, DECAY_ONE),
    ("threshold", 0, THRESHOLD_MANT_LAVA_MAX),
    ("bias", -BIAS_MANT_LAVA_MAX, BIAS_MANT_LAVA_MAX),
)
"""Fields of a population and what Lava holds of them."""


@dataclass(frozen=True)
class NeuronParameters:
    """Of every neuron, int32 [neurons] in the emulator's order.

    Args:
        keep_u: share of u that survives a step, in 4096ths: 4096 - decay_u.
        keep_v: share of v that survives a step, in 4096ths.
        threshold: in state units (mantissa << 6), [1, neurons], or [T, neurons] where it changes
            from step to step.
        bias: in state units (mantissa << 6).
    """

    keep_u: Tensor
    keep_v: Tensor
    threshold: Tensor
    bias: Tensor

    def at(self, step: int) -> "NeuronParameters":
        """The parameters of one step alone."""
        if len(self.threshold) == 1:
            return self
        return replace(self, threshold=self.threshold[step : step + 1])


@dataclass(frozen=True)
class NeuronState:
    """What the neurons remember, changed in place: u and v, int32 [N, neurons]."""

    u: Tensor
    v: Tensor


@dataclass(frozen=True)
class Arrivals:
    """Synaptic sums a on their way into a population.

    Args:
        sums: integers in float32 or int32, [T', N, neurons]; T' = 1 where each step has the same.
        first: step, from 0, that sums[0] reaches; nothing arrives before it.
        narrow: they wrap to signed 24 bits, as Lava's convolutions do.
    """

    sums: Tensor
    first: int = 0
    narrow: bool = False


@dataclass(frozen=True)
class Advance:
    """What some steps of a whole batch brought.

    Args:
        spikes: uint8 [T, N, neurons].
        fired: int64 [T, N], neurons that fired.
        active: int64 [T, N], neurons with state, input or bias.
        wraps: int64 [T, N], neurons whose u wrapped.
        saturations: int64 [T, N], neurons whose v was clipped.
        u: int32 [T, N, neurons] if kept, else [0, N, neurons].
        v: int32, as u.
        neuron_fired: int32 [T, neurons], samples in which each neuron fired, if counted by neuron;
            else [0, neurons].
        neuron_active: int32, likewise, in which it was active.
    """

    spikes: Tensor
    fired: Tensor
    active: Tensor
    wraps: Tensor
    saturations: Tensor
    u: Tensor
    v: Tensor
    neuron_fired: Tensor
    neuron_active: Tensor


class Walk(Protocol):
    """The neurons' walk through `steps` steps; see `hwsim.engine.compiled_neuron.advance`."""

    def __call__(
        self,
        parameters: NeuronParameters,
        state: NeuronState,
        arrivals: Arrivals | None,
        bias: Tensor,
        steps: int,
        *,
        keep: bool,
        count_neurons: bool = False,
    ) -> Advance:
        """What the steps brought."""


def neuron_parameters(population: Population, device: str) -> NeuronParameters:
    """The parameters of a population.

    Raises:
        SimulationError: a value lies outside what Lava holds unchanged.
    """
    for key, lowest, highest in RANGES:
        _refuse_outside(population, key, getattr(population, key), lowest, highest)
    if population.schedule is not None:
        highest = THRESHOLD_MANT_LAVA_MAX
        _refuse_outside(population, "schedule", population.schedule, 0, highest)

    def each(values: IntArray) -> Tensor:
        full = channels_last(np.broadcast_to(values, population.shape), population.shape)
        return torch.from_numpy(np.array(full, dtype=np.int32)).to(device)

    steps = 1 if population.schedule is None else len(population.schedule)
    thresholds = [each(population.threshold_at(step) << STATE_SHIFT) for step in range(steps)]
    return NeuronParameters(
        keep_u=each(DECAY_ONE - population.decay_u),
        keep_v=each(DECAY_ONE - population.decay_v),
        threshold=torch.stack(thresholds),
        bias=each(population.bias << STATE_SHIFT),
    )


def _refuse_outside(
    population: Population, key: str, values: IntArray, lowest: int, highest: int
) -> None:
    for extreme in (int(values.min()), int(values.max())):
        if not lowest <= extreme <= highest:
            raise SimulationError(
                f"population '{population.name}': {key} {extreme} lies outside "
                f"{lowest}..{highest}. Quantise the network again."
            )


def resting(samples: int, neurons: int, device: str) -> NeuronState:
    """The state u = v = 0 of every neuron of every sample."""
    return NeuronState(
        *(torch.zeros((samples, neurons), dtype=torch.int32, device=device) for _ in "uv")
    )
