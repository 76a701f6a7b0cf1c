"""AT of DS-ATGO: thresholds from a mini-batch's membranes, or from what the decay lets expect.

Equations and source: trainers/methods/ds_atgo.py.
"""

import torch
from torch import Tensor

from trainers.errors import ConfigError
from trainers.methods.batch_statistics import BatchStatistics
from trainers.neurons.lif import LIF
from trainers.neurons.threshold import ThresholdRule
from trainers.step_values import repeated_last

BASE_THRESHOLD = 1.0
"""V_th of the authors' code: start of the running threshold and reference of TGO."""


class AdaptiveThreshold(ThresholdRule):
    """AT: batch statistics in training, running thresholds (a buffer [T]) in evaluation.

    In evaluation a step beyond the trained T uses the last running value.

    Args:
        time_steps: T.
        f_c: factor on mean + std.
        momentum: m of the running threshold.
        statistics: where mean and std come from; None for this rank's own.
        smallest: lower bound of the threshold; None for none.
    """

    scalar = True
    running: Tensor

    def __init__(
        self,
        time_steps: int,
        f_c: float = 1.0,
        momentum: float = 0.1,
        statistics: BatchStatistics | None = None,
        smallest: float | None = None,
    ) -> None:
        super().__init__()
        self.f_c = f_c
        self.momentum = momentum
        self.smallest = smallest
        self.statistics = statistics or BatchStatistics()
        self.register_buffer("running", torch.full((time_steps,), BASE_THRESHOLD))

    def forward(self, membrane: Tensor, step: int) -> Tensor:
        """theta[t] of this mini-batch in training, running[t] in evaluation.

        Raises:
            ConfigError: training has more steps than the method was prepared for.
        """
        prepared = len(self.running)
        if not self.training:
            return self.running[min(step, prepared - 1)]
        if step >= prepared:
            raise ConfigError(
                f"threshold of ds-atgo: training needs one for step {step + 1}, prepared are "
                f"{prepared}. Train with time_steps of {prepared} at most, or prepare the method "
                "anew in a network with more."
            )
        with torch.no_grad():
            threshold = self.f_c * self.statistic(membrane)
            if self.smallest is not None:
                threshold = threshold.clamp(min=self.smallest)
            self.running[step].lerp_(threshold.to(self.running.dtype), self.momentum)
        return threshold.to(membrane.dtype)

    @property
    def reads_membrane(self) -> bool:
        """In training; evaluation goes by the running thresholds."""
        return self.training

    def learn_moments(self, membrane: Tensor, mean: Tensor, squares: Tensor) -> None:
        """Saves the statistics their own pass over the membrane."""
        self.statistics.learn(membrane, mean, squares)

    def statistic(self, membrane: Tensor) -> Tensor:
        """Mean + std of the mini-batch (eq 5)."""
        std, mean = self.statistics.std_mean(membrane)
        return mean + std

    def schedule(self, time_steps: int) -> Tensor:
        """Running thresholds [T]; the last one repeats beyond the trained T."""
        return repeated_last(self.running, time_steps)


class EstimatedThreshold(AdaptiveThreshold):
    """AT from the layer's decay alone, the same for every mini-batch until the decay moves."""

    def __init__(
        self, neuron: LIF, time_steps: int, f_c: float = 1.0, momentum: float = 0.1
    ) -> None:
        super().__init__(time_steps, f_c, momentum)
        # In a list, so that the neuron doesn't become a child of its own child.
        self.neurons = [neuron]

    def statistic(self, membrane: Tensor) -> Tensor:
        """sqrt(1 + tau^2) V_th, with the decay tau as it is at the moment."""
        del membrane
        return BASE_THRESHOLD * torch.sqrt(1 + self.neurons[0].decay.detach() ** 2)
