"""Sums over the ranks of a distributed run, for statistics of the whole mini-batch.

A rank is one of the processes of such a run, each of which holds a part of the mini-batch.
"""

from torch import Tensor, distributed


def among_ranks() -> bool:
    """Whether this process is a rank of torch.distributed's default group, and not on its own."""
    return distributed.is_available() and distributed.is_initialized()


def summed_over_ranks(values: Tensor) -> Tensor:
    """The sum of each rank's values, the same on all; the values themselves in a run of one.

    Every rank must call it equally often, in the same order and with the same shape.
    """
    if not among_ranks():
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total
