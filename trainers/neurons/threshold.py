"""Threshold rules: which threshold a layer uses at each step, in training and in evaluation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class SpikeAdaptation:
    """A threshold that each neuron's own spikes raise, in evaluation.

        theta[t] = base + beta a[t] ;   a[0] = 0 ;   a[t+1] = rho a[t] + (1 - rho) s[t]

    Args:
        method: the training method whose rule it is.
        base: threshold of a neuron that hasn't fired.
        beta: rise per unit of a.
        rho: decay of a per step.
    """

    method: str
    base: float
    beta: float
    rho: float

    @property
    def moves(self) -> bool:
        """Whether a spike changes the threshold at all."""
        return self.beta > 0 and self.rho < 1


class ThresholdRule(nn.Module, ABC):
    """Gives the threshold of one step; state for evaluation lives in registered buffers.

    Attributes:
        scalar: one threshold for the whole layer at each step, whatever its spikes were.
    """

    scalar: ClassVar[bool] = False

    @property
    def reads_membrane(self) -> bool:
        """Whether the threshold follows the membrane, so that it must be seen first."""
        return True

    @abstractmethod
    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """Threshold, broadcastable to the membrane [B, ...] of step `step` (from 0)."""

    @abstractmethod
    def schedule(self, time_steps: int) -> Tensor | None:
        """Evaluation thresholds [T], one per step; None if each neuron has its own."""

    def spike_adaptation(self) -> SpikeAdaptation | None:
        """How each neuron's own spikes move its threshold in evaluation; None if they don't."""
        return None

    def observe(self, fired: Tensor, step: int) -> None:
        """Sees the spikes of the step whose threshold it gave; most rules don't care."""
        del fired, step

    def learn_moments(self, membrane: Tensor, mean: Tensor, squares: Tensor) -> None:
        """Hears mean and squares about it of a membrane before it is asked; most don't care."""
        del membrane, mean, squares


class FixedThreshold(ThresholdRule):
    """The same constant threshold at every step."""

    scalar = True
    reads_membrane = False
    value: Tensor

    def __init__(self, value: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("value", torch.tensor(float(value)))

    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """The constant."""
        del membrane, step
        return self.value

    def schedule(self, time_steps: int) -> Tensor:
        """The constant, T times."""
        return self.value.expand(time_steps)
