"""Readout rules: how the output currents of T steps become logits."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from trainers.step_values import repeated_last


class Readout(nn.Module, ABC):
    """logits = (1/T) * sum over t of w_t * output[t]; subclasses choose w."""

    @abstractmethod
    def weights(self, time_steps: int) -> Tensor | None:
        """Evaluation weights [T], detached; None for all ones."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Logits [B, classes] of output currents [T, B, classes]."""
        weights = self.weights(len(outputs))
        if weights is None:
            return outputs.mean(dim=0)
        return (weights.to(outputs.dtype).view(-1, 1, 1) * outputs).mean(dim=0)

    def observe(self, outputs: Tensor, labels: Tensor) -> None:
        """Sees the detached output currents and labels of a training mini-batch."""
        del outputs, labels

    def start_epoch(self, epoch: int) -> None:
        """Called before the first mini-batch of epoch `epoch` (from 0)."""
        del epoch


class MeanReadout(Readout):
    """All steps weigh the same."""

    def weights(self, time_steps: int) -> None:
        """None: all ones."""
        del time_steps


class WeightedReadout(Readout):
    """Weights per step, a buffer [T]; beyond the trained T the last one repeats."""

    step_weights: Tensor

    def __init__(self, step_weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("step_weights", step_weights)

    def weights(self, time_steps: int) -> Tensor:
        """The weights of the first T steps."""
        return repeated_last(self.step_weights, time_steps)


def per_step(values: Tensor, weights: Tensor | None) -> Tensor:
    """(1/T) * sum over t of w_t * values[t], for values [T]."""
    if weights is None:
        return values.mean()
    return (weights.to(values.dtype) * values).mean()
