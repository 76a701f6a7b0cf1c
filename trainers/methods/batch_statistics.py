"""Mean and deviation of a membrane over the mini-batch, of this rank or of all together.

The authors' code of DS-ATGO takes each rank's own. Ranks may instead combine their counts, means
and sums of squares about them (trainers/moments.py) to n and M2, with std = sqrt(M2 / (n - 1)).
"""

import weakref
from typing import Any

import torch
from torch import Tensor

from trainers.moments import combined_over_ranks
from trainers.rank_sum import among_ranks
from trainers.widened import at_least_float32


class BatchStatistics:
    """What one layer's rules ask about the membrane of a step, measured once per step.

    Args:
        synchronised: over all ranks, where there are any.
    """

    def __init__(self, *, synchronised: bool = False) -> None:
        self.synchronised = synchronised
        self._latest: tuple[weakref.ref[Tensor], Tensor, Tensor] | None = None
        self._learnt: tuple[weakref.ref[Tensor], Tensor, Tensor] | None = None

    def std_mean(self, membrane: Tensor) -> tuple[Tensor, Tensor]:
        """Unbiased deviation and mean, scalars in float32 at least."""
        known = self._known(membrane)
        if known is not None:
            return known
        wide = at_least_float32(membrane)
        moments = self._learnt_moments(membrane) or mean_and_squares(wide)
        combine = combined_std_mean if self._over_all_ranks() else own_std_mean
        std, mean = combine(*moments, wide.numel())
        self._latest = (weakref.ref(membrane), std, mean)
        return std, mean

    def learn(self, membrane: Tensor, mean: Tensor, squares: Tensor) -> None:
        """Takes mean and squares about it of this rank's membrane from who found them."""
        self._learnt = (weakref.ref(membrane), mean, squares)

    def _learnt_moments(self, membrane: Tensor) -> tuple[Tensor, Tensor] | None:
        if self._learnt is None or self._learnt[0]() is not membrane:
            return None
        return self._learnt[1:]

    def _known(self, membrane: Tensor) -> tuple[Tensor, Tensor] | None:
        if self._latest is None or self._latest[0]() is not membrane:
            return None
        return self._latest[1:]

    def _over_all_ranks(self) -> bool:
        return self.synchronised and among_ranks()

    def __getstate__(self) -> dict[str, Any]:
        # A weak reference can't be pickled, and a copy has measured nothing yet.
        return {"synchronised": self.synchronised, "_latest": None, "_learnt": None}


def own_std_mean(mean: Tensor, squares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Unbiased deviation and mean of this rank's values."""
    return (squares / (count - 1)).sqrt(), mean


def mean_and_squares(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of this rank's values and the sum of their squares about it."""
    # Two sums in vectors over several threads; on a CPU torch.std_mean takes one value at a time.
    flat = _in_memory_order(values)
    mean = flat.mean()
    distance = flat - mean
    return mean, distance.dot(distance)


def _in_memory_order(values: Tensor) -> Tensor:
    # Images that lie channels last would be copied to be flattened; a sum needs no order.
    if values.dim() == 4 and values.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)
    return values.flatten()


def combined_std_mean(mean: Tensor, squares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Unbiased deviation and mean of the values of all ranks, combined in float64.

    Every rank must call it at the same point.
    """
    total, joint, spread = combined_over_ranks(count, mean, squares)
    return (spread / (total - 1)).sqrt().to(mean.dtype), joint.to(mean.dtype)
