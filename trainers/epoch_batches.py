"""Mini-batches whose order depends on the seed and the epoch alone, so a resumed run continues.

Of several processes each takes its part of every mini-batch, so all take equally many steps, and
what a mini-batch holds doesn't depend on their number.
"""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from trainers.processes import ALONE, Processes

EPOCH_SEED_STRIDE = 1_000_003
"""A prime beyond any number of epochs, so that no two (seed, epoch) share a generator."""

RANK_SEED_STRIDE = 0x1E3779B97F4A7C15
"""Odd and irregular in its lower 32 bits, all that torch's CPU generator takes of a seed."""


def epoch_seed(seed: int, epoch: int, rank: int = 0) -> int:
    """Seed of everything random in one epoch, within what torch's generators take."""
    return (seed * EPOCH_SEED_STRIDE + epoch + rank * RANK_SEED_STRIDE) % 2**63


class EpochBatches(Sampler[list[int]]):
    """Index batches of one split.

    The permutation of epoch e comes from a generator seeded with (seed, e), never from global
    random state. A last batch of a single sample, or of fewer samples than processes, is joined
    to the one before: batch statistics need at least two, and each process at least one.

    Args:
        samples: of the split; at least one for each process.
        batch_size: of all processes together.
        shuffle: a new order in each epoch.
        seed: of the orders.
        processes: whose part of each mini-batch to give.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int,
        *,
        shuffle: bool,
        seed: int = 0,
        processes: Processes = ALONE,
    ) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.processes = processes
        self.epoch = 0
        self._first = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by lightning at the start of each epoch."""
        self.epoch = epoch

    def start_at(self, batch: int) -> None:
        """Lets the next iteration, and no later one, begin at this mini-batch of its epoch."""
        self._first = batch

    def __len__(self) -> int:
        full, rest = divmod(self.samples, self.batch_size)
        return max(1, full + (rest >= max(2, self.processes.number)))

    def size(self, batch: int) -> int:
        """Samples of a mini-batch, of all processes together."""
        return self._end(batch) - batch * self.batch_size

    def own_size(self, batch: int) -> int:
        """This process's samples of a mini-batch; those of processes differ by one at most."""
        rank, number = self.processes.rank, self.processes.number
        return self.size(batch) // number + (rank < self.size(batch) % number)

    def loss_weight(self, batch: int, accumulate: int) -> float:
        """What makes the mean over a mini-batch count as its samples do in the optimiser's step.

        Lightning divides by the mini-batches of a step and by the processes, which is right where
        all hold equally many samples:

            w = (processes * accumulate) * own samples / samples of all in the step
        """
        first = batch - batch % accumulate
        step = range(first, min(first + accumulate, len(self)))
        share = self.own_size(batch) / sum(self.size(index) for index in step)
        return self.processes.number * accumulate * share

    def __iter__(self) -> Iterator[list[int]]:
        first, self._first = self._first, 0
        order = torch.arange(self.samples)
        if self.shuffle:
            generator = torch.Generator().manual_seed(epoch_seed(self.seed, self.epoch))
            order = torch.randperm(self.samples, generator=generator)
        for batch in range(first, len(self)):
            together = order[batch * self.batch_size : self._end(batch)]
            own = together.tensor_split(self.processes.number)[self.processes.rank]
            yield own.tolist()

    def _end(self, batch: int) -> int:
        return self.samples if batch == len(self) - 1 else (batch + 1) * self.batch_size
