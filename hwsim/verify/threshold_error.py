"""The bound of `hwsim.verify.rounding` for a threshold, constant or moving.

With q = 2 p + gamma_4 and b the threshold of the step before spikes raise it:

    constant, or one per step   e_theta = q |b|
    raised by spikes            theta = b (1 + beta a)
                                e_theta = |b| (beta e_a + q (1 + beta (a + e_a)))
                                e_a[t+1] = rho e_a[t] + q (rho (a[t] + e_a[t]) + s[t]), e_a[0] = 0

The last s[t] stands for (1 - rho) s[t] and for a runtime that makes 1 - rho of a rounded rho.
"""

import torch
from torch import Tensor

from export.moving_threshold import MovingThreshold


class ThresholdError:
    """Bounds of one population's threshold, step after step.

    Args:
        threshold: |v_threshold| at unit gain, [*shape].
        moving: how it moves; None for a constant.
        relative: q.
        rest: tensor of the run's shape [N, *shape].
        time_steps: T.
    """

    def __init__(
        self,
        threshold: Tensor,
        moving: MovingThreshold | None,
        relative: float,
        rest: Tensor,
        time_steps: int,
    ) -> None:
        self._threshold, self._relative = threshold, relative
        self._factors = (moving or MovingThreshold(None, None)).factors_over(time_steps)
        self._adaptation = None if moving is None else moving.adaptation
        self._a = self._error = torch.zeros_like(rest)

    def at(self, step: int) -> Tensor:
        """e_theta of a step, broadcastable to [N, *shape]."""
        base = self._threshold * float(self._factors[step])
        if self._adaptation is None:
            return self._relative * base
        beta = self._adaptation.beta
        size = 1 + beta * (self._a + self._error)
        return base * (beta * self._error + self._relative * size)

    def observe(self, fired: Tensor) -> None:
        """Takes the executor's spikes of the step in, bool [N, *shape]."""
        if self._adaptation is None:
            return
        rho, spikes = self._adaptation.rho, fired.double()
        size = rho * (self._a + self._error) + spikes
        self._error = rho * self._error + self._relative * size
        self._a = rho * self._a + (1 - rho) * spikes
