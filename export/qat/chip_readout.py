"""The readout population and what the host makes of its voltages.

It neither leaks nor fires; its voltage is the running sum of its currents, so the output of step t
is (v[t] - v[t-1]) * logit per state unit * T, in float64. Forward with saturation and, beyond it,
the chip's reset; backward the plain sum's gradient.
"""

from typing import Any

import torch
from torch import Tensor, nn

from export.chip.graph import Population, Readout
from export.chip.limits import STATE_LIMIT, STATE_SHIFT
from export.qat.rounding import replaced
from trainers import readout as training
from trainers.step_values import repeated_last

HIGHEST = STATE_LIMIT - 1


class ReadoutPopulation(nn.Module):
    """Output currents of every step, in logits times T.

    Args:
        population: its integers.
        readout: what a state unit is worth.
        time_steps: T.
    """

    firing_level: Tensor

    def __init__(self, population: Population, readout: Readout, time_steps: int) -> None:
        super().__init__()
        level = torch.as_tensor(population.threshold << STATE_SHIFT)
        self.register_buffer("firing_level", level.double())
        self.time_steps = time_steps
        self.unit = readout.volts_to_logit * time_steps

    def forward(self, drives: Tensor, *, constant: bool = False) -> Tensor:
        """Currents [T*B, classes], float64, of drives in mantissas [T*B, classes]."""
        if constant:
            drives = drives.repeat(self.time_steps, *(1 for _ in drives.shape[1:]))
        steps = drives.unflatten(0, (self.time_steps, -1)).double()
        gained: Tensor = _Gained.apply(steps, self.firing_level)  # type: ignore[no-untyped-call]
        return gained.flatten(0, 1) * self.unit


class _Gained(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, drives: Tensor, firing_level: Tensor) -> Tensor:
        del ctx
        voltage = torch.zeros_like(drives[0])
        gains = []
        for drive in drives:
            after = (voltage + drive * (1 << STATE_SHIFT)).clamp_(-HIGHEST, HIGHEST)
            after = after.masked_fill_(after > firing_level, 0)
            gains.append(after - voltage)
            voltage = after
        return torch.stack(gains)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        del ctx
        (grad,) = grad_outputs
        return grad * (1 << STATE_SHIFT), None


class ChipReadout(training.Readout):
    """Logits as the host computes them from voltages: to the last bit those of the emulator.

        logits = volts_to_logit * sum over t of w[t] * (v[t] - v[t-1])

    Args:
        readout: of the chip graph.
        time_steps: T.
    """

    step_weights: Tensor | None

    def __init__(self, readout: Readout, time_steps: int) -> None:
        super().__init__()
        given = readout.weights
        weights = None if given is None else torch.tensor(given, dtype=torch.float64)
        self.register_buffer("step_weights", weights)
        self.volts_to_logit = readout.volts_to_logit
        self.unit = readout.volts_to_logit * time_steps

    def weights(self, time_steps: int) -> Tensor | None:
        """The weights of the steps; None for all ones."""
        return None if self.step_weights is None else repeated_last(self.step_weights, time_steps)

    def forward(self, outputs: Tensor) -> Tensor:
        """Logits [B, classes], float64, of currents [T, B, classes]."""
        weights = self.weights(len(outputs))
        shares = outputs / self.unit
        # Whole state units, from which the division is a rounding error away.
        gains = replaced(shares, shares.round())
        total = torch.zeros_like(gains[0])
        for step, gain in enumerate(gains):
            total = total + (gain if weights is None else weights[step] * gain)
        return total * self.volts_to_logit
