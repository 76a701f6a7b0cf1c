"""Sums over the ranks of a distributed run, for statistics of the whole mini-batch."""

from torch import Tensor, distributed


def summed_over_ranks(values: Tensor) -> Tensor:
    """The sum of each rank's values, the same on all; the values themselves in a run of one.

    Every rank must call it equally often, in the same order and with the same shape.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total
