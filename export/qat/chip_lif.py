"""The chip's neuron in training: its integers forward, the trained layer's surrogate backward.

With d = wrapped(a) + bias the drive of a step, in mantissas, and decay_u = 4096, which makes u
a << 6:

    v[t] = saturated(rtz(v[t-1] (4096 - decay_v) / 4096) + 64 d[t]) ;   v[t-1] = 0 where it fired
    s[t] = v[t] > threshold << 6

Every v is an integer below 2^23 and exact in float32; the product is taken in float64. The gradient
is that of u[t] = decay u[t-1] (1 - s[t-1]) + I[t], with rounding and saturation passed through, and
the surrogate sees membranes in the units in which it was trained:

    u = v / (threshold << 6) * trained threshold
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from export.chip.graph import Population
from export.chip.limits import DECAY_ONE, STATE_LIMIT, STATE_SHIFT
from export.qat.rounding import replaced
from trainers.errors import ConfigError
from trainers.neurons.lif import LIF

HIGHEST = STATE_LIMIT - 1


@dataclass(frozen=True)
class TrainedLayer:
    """What the chip's population was before freezing.

    Args:
        neuron: the layer.
        threshold: the constant that freezing chose, at the layer's own input gain.
        mantissa: which threshold mantissa stands for it.
    """

    neuron: LIF
    threshold: float
    mantissa: int


class ChipLIF(LIF):
    """One population of the chip as a layer of a SpikingNetwork.

    Args:
        population: its integers; no memory in u (decay_u 4096).
        trained: the layer that it was.
    """

    keep: Tensor
    firing_level: Tensor
    constant_decay: Tensor

    def __init__(self, population: Population, trained: TrainedLayer) -> None:
        super().__init__(threshold=trained.threshold)
        kept = torch.as_tensor((DECAY_ONE - population.decay_v) / DECAY_ONE, dtype=torch.float64)
        level = torch.as_tensor(population.threshold << STATE_SHIFT)
        self.register_buffer("keep", kept)
        self.register_buffer("firing_level", level.float())
        self.register_buffer("constant_decay", kept.max().float())
        self.unit = trained.threshold / (trained.mantissa << STATE_SHIFT)
        # Widths that read norms or decays, which are gone by now, read the copy's from here on.
        self.surrogate = copy.deepcopy(trained.neuron.surrogate)

    @property
    def decay(self) -> Tensor:
        """The constant."""
        return self.constant_decay

    def forward(self, current: Tensor, *, constant: bool = False) -> Tensor:
        """Spikes [T*B, ...], time-major, of drives in mantissas.

        Args:
            current: drives, integers in float32, [T*B, ...]; or [B, ...] if `constant`.
            constant: each step has the same.

        Raises:
            ConfigError: the layer isn't part of a SpikingNetwork.
        """
        if self.time_steps is None:
            raise ConfigError(
                "ChipLIF: the number of time steps is unknown. Use it inside what "
                "export.qat.integer_network returns."
            )
        steps = self.time_steps
        drives = [current] * steps if constant else current.unflatten(0, (steps, -1)).unbind()
        threshold = self.threshold_rule(current, 0)
        voltage: Tensor | None = None
        spikes = []
        for step, drive in enumerate(drives):
            voltage = advanced(voltage, drive, self.keep)
            fired = self._fired(voltage, threshold, step)
            voltage = voltage * (1 - fired)
            spikes.append(fired)
        return torch.cat(spikes)

    def _fired(self, voltage: Tensor, threshold: Tensor, step: int) -> Tensor:
        exact = (voltage > self.firing_level).to(voltage.dtype)
        if self.probe is None and not torch.is_grad_enabled():
            return exact
        membrane = voltage * self.unit
        if self.probe is not None:
            self.probe(step, membrane, threshold, exact)
        if not torch.is_grad_enabled():
            return exact
        # A membrane in float32 units can round onto its threshold; the integers decide.
        return replaced(self.surrogate(membrane, threshold, step), exact)


class _Advanced(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rest: Tensor | None, drive: Tensor, keep: Tensor) -> Tensor:
        ctx.save_for_backward(keep)
        arriving = drive * (1 << STATE_SHIFT)
        if rest is None:
            return arriving.clamp_(-HIGHEST, HIGHEST)
        voltage = rest.double().mul_(keep).trunc_().add_(arriving)
        return voltage.clamp_(-HIGHEST, HIGHEST).float()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, Tensor, None]:
        (grad,), (keep,) = grad_outputs, ctx.saved_tensors
        rest = grad * keep.to(grad.dtype) if ctx.needs_input_grad[0] else None
        return rest, grad * (1 << STATE_SHIFT), None


def advanced(rest: Tensor | None, drive: Tensor, keep: Tensor) -> Tensor:
    """The voltage of the next step, an integer in float32.

    Args:
        rest: voltage after the reset of the step before, [B, ...]; None for 0 at the first.
        drive: what arrives, in mantissas.
        keep: share that survives a step, float64.
    """
    voltage: Tensor = _Advanced.apply(rest, drive, keep)  # type: ignore[no-untyped-call]
    return voltage
