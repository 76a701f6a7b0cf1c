"""Lazy inputs that are drawn anew in each epoch of training."""

from typing import Protocol, runtime_checkable

from trainers.data.splits import Inputs


@runtime_checkable
class EpochInputs(Inputs, Protocol):
    """Inputs whose samples differ from epoch to epoch, the same whoever reads them."""

    def in_epoch(self, epoch: int, /) -> Inputs:
        """The samples as this epoch sees them."""


def inputs_in_epoch(inputs: Inputs, epoch: int) -> Inputs:
    """Inputs that stay the same are returned as they are."""
    return inputs.in_epoch(epoch) if isinstance(inputs, EpochInputs) else inputs
