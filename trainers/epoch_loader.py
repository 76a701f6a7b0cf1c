"""Loaders of mini-batches that can continue within an epoch, as lightning's checkpoints ask."""

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, TensorDataset

from trainers.epoch_batches import EpochBatches

Loaded = TypeVar("Loaded")


class EpochLoader(DataLoader[Loaded]):
    """Loads the mini-batches of a sampler and counts those of the epoch.

    Lightning stores the count in a checkpoint, and gives it back where the checkpoint was written
    within an epoch.

    Args:
        dataset: gives a whole mini-batch for an index list.
        batches: the index lists.
        sampler: what the dataset is asked for, one item for each list; None for the lists.
        settings: of torch's DataLoader.
    """

    def __init__(
        self,
        dataset: Any,
        batches: EpochBatches,
        *,
        sampler: Sampler[Any] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            dataset,
            sampler=batches if sampler is None else sampler,
            # The sampler yields whole index lists, so a batch is one gather, not a Python loop.
            batch_size=None,
            # Without one of its own a loader draws from the global state each epoch, at a moment
            # that differs after a resume, and dropout would no longer repeat.
            generator=torch.Generator(),
            **settings,
        )
        self.batches = batches
        self._given = 0
        self._first = 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # As a generator it starts with the first batch: by then lightning has set the epoch.
        self._given, self._first = self._first, 0
        self.batches.start_at(self._given)
        for batch in self.read():
            self._given += 1
            yield batch

    def read(self) -> Iterator[Any]:
        """The mini-batches, from where the sampler stands."""
        return super().__iter__()

    def state_dict(self) -> dict[str, int]:
        """How many mini-batches of the epoch were given."""
        return {"batches": self._given}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Continues behind them, in the next epoch that is iterated."""
        self._first = state_dict["batches"]


def memory_loader(inputs: Tensor, labels: Tensor, batches: EpochBatches) -> EpochLoader[Any]:
    """Loads mini-batches of tensors in memory."""
    return EpochLoader(TensorDataset(inputs, labels), batches)
