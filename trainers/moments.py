"""Means and sums of squares of parts, combined without cancellation (Chan et al. 1979).

With n_i values in part i, mean_i of them and M2_i the sum of their squares about it:

    n = sum n_i ;   mean = sum n_i mean_i / n ;   M2 = sum (M2_i + n_i (mean_i - mean)^2)
"""

import torch
from torch import Tensor, distributed

Moments = tuple[Tensor, Tensor, Tensor]
"""Count, mean and sum of squares about the mean."""


def combined(counts: Tensor, means: Tensor, squares: Tensor) -> Moments:
    """The moments of all parts, which lie along the first axis."""
    total = counts.sum(dim=0)
    joint = (counts * means).sum(dim=0) / total
    return total, joint, (squares + counts * (means - joint) ** 2).sum(dim=0)


def combined_over_ranks(count: int, mean: Tensor, squares: Tensor) -> Moments:
    """The moments of all ranks' values, of the mean's shape, in float64.

    Every rank must call it at the same point.
    """
    counted = torch.full_like(mean, count, dtype=torch.float64)
    own = torch.stack([counted, mean.double(), squares.double()])
    gathered = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(gathered, own)
    return combined(*torch.stack(gathered).unbind(1))
