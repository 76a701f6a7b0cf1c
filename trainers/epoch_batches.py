"""Mini-batches whose order depends on the seed and the epoch alone, so a resumed run continues."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

EPOCH_SEED_STRIDE = 1_000_003
"""A prime beyond any number of epochs, so that no two (seed, epoch) share a generator."""


def epoch_seed(seed: int, epoch: int) -> int:
    """Seed of everything random in one epoch, within what torch's generators take."""
    return (seed * EPOCH_SEED_STRIDE + epoch) % 2**63


class EpochBatches(Sampler[list[int]]):
    """Index batches of one split.

    The permutation of epoch e comes from a generator seeded with (seed, e), never from global
    random state. A last batch of a single sample is joined to the one before: batch statistics
    need at least two.
    """

    def __init__(self, samples: int, batch_size: int, *, shuffle: bool, seed: int = 0) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by lightning at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        full, rest = divmod(self.samples, self.batch_size)
        return max(1, full + (rest > 1))

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.arange(self.samples)
        if self.shuffle:
            generator = torch.Generator().manual_seed(epoch_seed(self.seed, self.epoch))
            order = torch.randperm(self.samples, generator=generator)
        starts = [index * self.batch_size for index in range(len(self))]
        for start, end in zip(starts, [*starts[1:], self.samples], strict=True):
            yield order[start:end].tolist()
