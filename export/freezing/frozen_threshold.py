"""Threshold rules of the frozen network in torch, in float64."""

import torch
from torch import Tensor

from export.moving_threshold import MovingThreshold
from trainers.neurons.threshold import FixedThreshold, ThresholdRule
from trainers.step_values import repeated_last


def frozen_rule(threshold: float, moving: MovingThreshold | None) -> ThresholdRule:
    """The rule of a layer with this threshold at unit input gain; see `export.moving_threshold`."""
    if moving is not None:
        return MovingRule(threshold, moving)
    rule = FixedThreshold()
    rule.value = torch.tensor(threshold, dtype=torch.float64)
    return rule


class MovingRule(ThresholdRule):
    """A threshold per step, which each neuron's own spikes may raise."""

    steps: Tensor

    def __init__(self, threshold: float, moving: MovingThreshold) -> None:
        super().__init__()
        factors = torch.tensor(moving.factors or (1.0,), dtype=torch.float64)
        self.register_buffer("steps", threshold * factors)
        adaptation = moving.adaptation
        self.beta, self.rho = (adaptation.beta, adaptation.rho) if adaptation else (0.0, 0.0)
        self.raised: Tensor | None = None

    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """Thresholds of the step; each pass starts unraised."""
        base = self.steps[min(step, len(self.steps) - 1)]
        if not self.beta:
            return base
        if step == 0 or self.raised is None:
            self.raised = torch.zeros_like(membrane)
        return base + base * self.beta * self.raised

    def observe(self, fired: Tensor, step: int) -> None:
        """Raises the thresholds of neurons that fired, and lets the others fall back."""
        del step
        if self.raised is not None:
            self.raised = self.rho * self.raised + (1 - self.rho) * fired

    def schedule(self, time_steps: int) -> Tensor | None:
        """Thresholds [T]; None where each neuron has its own."""
        return None if self.beta else repeated_last(self.steps, time_steps)
