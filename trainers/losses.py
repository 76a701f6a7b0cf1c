"""Losses over time: cross-entropy on the readout's logits, unless a method brings its own.

Every loss sees the output currents of all steps, those of auxiliary heads, and the readout, whose
weights w_t (all ones for most methods) scale each step.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn import functional as F

from trainers.readout import Readout, per_step


class Loss(nn.Module, ABC):
    """A scalar to minimise."""

    @abstractmethod
    def forward(
        self,
        outputs: Tensor,
        auxiliary: tuple[Tensor, ...],
        labels: Tensor,
        readout: Readout,
        label_smoothing: float,
    ) -> Tensor:
        """The loss of one mini-batch.

        Args:
            outputs: currents [T, B, classes] of the network.
            auxiliary: currents [T, B, classes] of each auxiliary head.
            labels: int64 [B].
            readout: gives logits and step weights.
            label_smoothing: of every cross-entropy.
        """


class LogitCrossEntropy(Loss):
    """Cross-entropy of the readout's logits, the (weighted) mean over time."""

    def forward(
        self,
        outputs: Tensor,
        auxiliary: tuple[Tensor, ...],
        labels: Tensor,
        readout: Readout,
        label_smoothing: float,
    ) -> Tensor:
        """CE(mean over t of w_t * O_t, y)."""
        del auxiliary
        return F.cross_entropy(readout(outputs), labels, label_smoothing=label_smoothing)


def cross_entropy_per_step(
    outputs: Tensor, labels: Tensor, readout: Readout, label_smoothing: float
) -> Tensor:
    """(1/T) * sum over t of w_t * CE(O_t, y)."""
    steps, samples = outputs.shape[:2]
    repeated = labels.expand(steps, samples).flatten()
    losses = F.cross_entropy(
        outputs.flatten(0, 1), repeated, label_smoothing=label_smoothing, reduction="none"
    )
    return per_step(losses.unflatten(0, (steps, samples)).mean(dim=1), readout.weights(steps))
