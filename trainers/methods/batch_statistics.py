"""Mean and deviation of a membrane over the mini-batch, of this process or of all together.

The authors' code of DS-ATGO takes each process's own. Processes may instead combine their counts
n_i, means and sums of squared differences M2_i (Chan et al. 1979), which loses nothing where a
plain sum of squares would cancel:

    n = sum n_i ;   mean = sum n_i mean_i / n ;   M2 = sum (M2_i + n_i (mean_i - mean)^2)
    std = sqrt(M2 / (n - 1))
"""

import weakref
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


class BatchStatistics:
    """What one layer's rules ask about the membrane of a step, measured once per step.

    Args:
        synchronised: over all processes of torch.distributed, where it is initialised.
    """

    def __init__(self, *, synchronised: bool = False) -> None:
        self.synchronised = synchronised
        self._latest: tuple[weakref.ref[Tensor], Tensor, Tensor] | None = None

    def std_mean(self, membrane: Tensor) -> tuple[Tensor, Tensor]:
        """Unbiased deviation and mean, scalars in float32 at least."""
        known = self._known(membrane)
        if known is not None:
            return known
        wide = at_least_float32(membrane)
        std, mean = combined_std_mean(wide) if self._across_processes() else torch.std_mean(wide)
        self._latest = (weakref.ref(membrane), std, mean)
        return std, mean

    def std(self, membrane: Tensor) -> Tensor:
        """Unbiased deviation alone, which is cheaper where the mean isn't known yet."""
        known = self._known(membrane)
        if known is not None:
            return known[0]
        if self._across_processes():
            return self.std_mean(membrane)[0]
        return at_least_float32(membrane).std()

    def _known(self, membrane: Tensor) -> tuple[Tensor, Tensor] | None:
        if self._latest is None or self._latest[0]() is not membrane:
            return None
        return self._latest[1:]

    def _across_processes(self) -> bool:
        return self.synchronised and dist.is_available() and dist.is_initialized()

    def __getstate__(self) -> dict[str, Any]:
        # A weak reference can't be pickled, and a copy has measured nothing yet.
        return {"synchronised": self.synchronised, "_latest": None}


def combined_std_mean(values: Tensor) -> tuple[Tensor, Tensor]:
    """Unbiased deviation and mean of the values of all processes, combined in float64.

    Every process of the default group must call it at the same point.
    """
    variance, mean = torch.var_mean(values, correction=0)
    count = torch.full_like(mean, values.numel(), dtype=torch.float64)
    own = torch.stack((count, mean.double(), variance.double() * count))
    gathered = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, own)
    counts, means, squares = torch.stack(gathered).unbind(1)
    total = counts.sum()
    joint = (counts * means).sum() / total
    spread = (squares + counts * (means - joint) ** 2).sum()
    return (spread / (total - 1)).sqrt().to(values.dtype), joint.to(values.dtype)


def at_least_float32(membrane: Tensor) -> Tensor:
    """The membrane, widened if it is half precision."""
    return membrane.to(torch.promote_types(membrane.dtype, torch.float32))
