"""The threshold of a spiking node at each step of a run; see `export.moving_threshold`."""

import torch
from torch import Tensor

from export.moving_threshold import MovingThreshold


class ThresholdCourse:
    """Thresholds of one run, step after step.

    Args:
        threshold: v_threshold, [*shape].
        moving: how it moves; None for a constant.
        rest: tensor of the run's shape [N, *shape].
        time_steps: T.
    """

    def __init__(
        self, threshold: Tensor, moving: MovingThreshold | None, rest: Tensor, time_steps: int
    ) -> None:
        self._threshold = threshold
        factors = None if moving is None else moving.factors
        self._factors = (
            None if moving is None or factors is None else moving.factors_over(time_steps)
        )
        self._adaptation = None if moving is None else moving.adaptation
        self._a = torch.zeros_like(rest)

    def at(self, step: int) -> Tensor:
        """Threshold of a step, broadcastable to [N, *shape]."""
        threshold = self._threshold
        if self._factors is not None:
            threshold = threshold * float(self._factors[step])
        if self._adaptation is not None:
            threshold = threshold * (1 + self._adaptation.beta * self._a)
        return threshold

    def observe(self, fired: Tensor) -> None:
        """Takes the step's spikes in, bool [N, *shape]."""
        if self._adaptation is not None:
            rho = self._adaptation.rho
            self._a = rho * self._a + (1 - rho) * fired
