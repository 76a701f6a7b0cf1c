"""The leaky integrate-and-fire layer that every method trains.

    u[t] = decay * u[t-1] * (1 - s[t-1]) + I[t] ;   s[t] = u[t] > threshold ;   u[0] = 0

Time and batch share the leading axis, so that convolutions and norms see one big batch: a layer
takes [T*B, ...] in time-major order and returns spikes of the same shape.
"""

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from trainers.errors import ConfigError
from trainers.neurons.fused import fused_steps, kernels_for
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.shaped import Shaped
from trainers.neurons.surrogate import Surrogate
from trainers.neurons.threshold import FixedThreshold, ThresholdRule
from trainers.widened import at_least_float32

Probe = Callable[[int, Tensor, Tensor, Tensor], None]
"""Sees (step, membrane before reset, threshold, spikes) of every step."""


class LIF(nn.Module):
    """Leaky integrate-and-fire neurons with hard reset to zero.

    The training method replaces `threshold_rule` and `surrogate`; the gradient flows through the
    spike in the reset, as in the authors' code of DS-ATGO, MPD-AGL, and MSG and TWO.

    Args:
        decay: factor on the old membrane, in (0, 1).
        learn_decay: learn it as sigmoid(w), one per layer (PLIF), starting at `decay`.
        threshold: constant threshold until a method installs its own rule.

    Attributes:
        decay_input: scale the current by 1 - decay, as in u[t] = u[t-1] + (I - u[t-1]) / tau;
            freezing moves that gain into the weights.
        probe: called at every step while set, for diagnostics.
        fused: run the steps as one kernel where the layer can (trainers/neurons/fused.py).
        feeds_itself: the layer's spikes come back to it at the next step.

    Raises:
        ConfigError: `decay` outside (0, 1), or `threshold` not positive and finite.
    """

    feeds_itself: ClassVar[bool] = False
    decay_logit: Tensor

    def __init__(
        self, decay: float = 0.2, *, learn_decay: bool = False, threshold: float = 1.0
    ) -> None:
        super().__init__()
        if not 0.0 < decay < 1.0:
            raise ConfigError(f"LIF: decay ({decay}) must lie between 0 and 1. Try 0.2 to 0.9.")
        if not 0.0 < threshold < math.inf:
            raise ConfigError(f"LIF: threshold ({threshold}) must be positive and finite. Use 1.0.")
        self.decay_logit = nn.Parameter(torch.tensor(_logit(decay)), requires_grad=learn_decay)
        self.threshold_rule: ThresholdRule = FixedThreshold(threshold)
        self.surrogate: Surrogate = Shaped()
        self.decay_input = False
        self.probe: Probe | None = None
        self.fused = False
        self.time_steps: int | None = None

    @property
    def decay(self) -> Tensor:
        """Decay factor, a scalar in (0, 1)."""
        return torch.sigmoid(self.decay_logit)

    def set_decay(self, decay: float) -> None:
        """Sets the decay factor, whether or not it is learnt from here on."""
        with torch.no_grad():
            self.decay_logit.fill_(_logit(decay))

    def forward(self, current: Tensor) -> Tensor:
        """Spikes [T*B, ...] for currents [T*B, ...], time-major.

        Raises:
            ConfigError: the layer isn't part of a SpikingNetwork, so T is unknown.
        """
        if self.time_steps is None:
            raise ConfigError(
                "LIF: the number of time steps is unknown. Wrap the module in "
                "trainers.SpikingNetwork(module, time_steps=T), or train it with trainers.fit."
            )
        currents = current.unflatten(0, (self.time_steps, -1))
        if self.fused and isinstance(self.surrogate, ScaledSurrogate) and self.is_fusable:
            kernels = kernels_for(self.surrogate, currents)
            if kernels is not None:
                return fused_steps(self, currents, kernels).flatten(0, 1)
        currents = at_least_float32(currents)
        decay = self.decay
        if self.decay_input:
            currents = currents * (1 - decay)
        membrane = fired = torch.zeros_like(currents[0])
        spikes = []
        for step, incoming in enumerate(currents):
            membrane = decay * membrane + self.total_current(incoming, fired)
            threshold = self.threshold_rule(membrane, step)
            fired = self.surrogate(membrane, threshold, step)
            self.threshold_rule.observe(fired, step)
            if self.probe is not None:
                self.probe(step, membrane, threshold, fired)
            membrane = membrane * (1 - fired)
            spikes.append(fired)
        return torch.cat(spikes).to(current.dtype)

    @property
    def is_fusable(self) -> bool:
        """Whether one threshold and one width serve the whole layer at each step.

        A probe is called at every step, and neurons that feed each other wait for every step.
        """
        return (
            self.probe is None
            and not self.feeds_itself
            and self.threshold_rule.scalar
            and isinstance(self.surrogate, ScaledSurrogate)
        )

    def total_current(self, incoming: Tensor, fired: Tensor) -> Tensor:
        """Current [B, ...] of one step; a layer that feeds itself adds to what comes in.

        Args:
            incoming: from other layers, scaled already where `decay_input` says so.
            fired: this layer's spikes at the step before, zeros at the first.
        """
        del fired
        return incoming


def _logit(decay: float) -> float:
    return math.log(decay / (1.0 - decay))
