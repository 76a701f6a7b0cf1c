"""TWO: time steps weighted by how often each was right in training.

Source: Li, Zhao, Zhao, Zeng, Neural Networks 2024 (arXiv 2406.19645) and the authors' code, whose
reading this is:

    logits = mean over t of att[t] * O[t],   att = 1 at the start
    acc[t] = share of an epoch's training samples that O[t] alone classifies rightly
    att    <- (1 - alpha) att + alpha acc / mean(acc)     at the start of epoch e > start (from 0)

So alpha = 1 - beta of the paper's eq 17, and att[t] / T is its f_t; the division by T in both its
eq 15 and its Algorithm 1 is done once. No gradient reaches att, but it scales each step's gradient.
Evaluation uses the same att. It sums to T; an epoch without any right answer leaves it.

The authors' scripts have start = 5 or 0 in 120 or 300 epochs. Here 0 is the default: in recipes of
a few epochs a start of 5 would leave att at 1 throughout.
"""

from typing import cast

import torch
from pydantic import Field, NonNegativeInt
from torch import Tensor

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.rank_sum import summed_over_ranks
from trainers.readout import WeightedReadout


class TWOOptions(MethodOptions):
    """Options of `two`.

    Args:
        alpha: share of the last epoch's accuracies in the new weights.
        start: the last epoch (from 0) that begins without an update.
        sync_statistics: count right answers on all ranks of a distributed run.
    """

    alpha: float = Field(default=0.3, gt=0, le=1)
    start: NonNegativeInt = 0
    sync_statistics: bool = False


class AccuracyReadout(WeightedReadout):
    """Step weights that follow each step's accuracy on the training batches of the last epoch.

    Weights and counts are buffers, so a resumed run updates as an unbroken one would.

    Args:
        time_steps: T.
        alpha: share of the last epoch's accuracies in the new weights.
        start: the last epoch (from 0) that begins without an update.
        sync_statistics: count right answers on all ranks.
    """

    correct: Tensor
    seen: Tensor

    def __init__(
        self, time_steps: int, alpha: float = 0.3, start: int = 0, *, sync_statistics: bool = False
    ) -> None:
        super().__init__(torch.ones(time_steps))
        self.alpha = alpha
        self.start = start
        self.sync_statistics = sync_statistics
        self.register_buffer("correct", torch.zeros(time_steps, dtype=torch.int64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def observe(self, outputs: Tensor, labels: Tensor) -> None:
        """Counts the right answers of each step alone, from outputs [T, B, classes]."""
        right = (outputs.argmax(dim=2) == labels).sum(dim=1)
        counts = torch.cat([right, right.new_tensor([len(labels)])])
        if self.sync_statistics:
            # Here and not at the epoch's end, so that a checkpoint of any rank holds all counts.
            counts = summed_over_ranks(counts)
        self.correct += counts[:-1]
        self.seen += counts[-1]

    def start_epoch(self, epoch: int) -> None:
        """Moves the weights towards the last epoch's accuracies, and counts anew."""
        if epoch > self.start and self.correct.any():
            accuracy = self.correct.double() / self.seen
            relative = (accuracy / accuracy.mean()).to(self.step_weights.dtype)
            self.step_weights.lerp_(relative, self.alpha)
        self.correct.zero_()
        self.seen.zero_()


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Replaces the readout."""
    chosen = cast(TWOOptions, options)
    network.readout = AccuracyReadout(
        network.time_steps, chosen.alpha, chosen.start, sync_statistics=chosen.sync_statistics
    )


def parts(options: MethodOptions) -> frozenset[Part]:
    """The readout."""
    del options
    return frozenset(("readout",))


TWO = Method(
    summary="readout that weights time steps by their training accuracy",
    source="Li et al., Neural Networks 2024 (arXiv 2406.19645)",
    options=TWOOptions,
    prepare=prepare,
    parts=parts,
)
