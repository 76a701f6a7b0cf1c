"""Synaptic operations: stored synapses that events reach, counted in 64-bit integers."""

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor


def count_synops(events: Tensor, reach: Tensor) -> Tensor:
    """Synapses hit by the events of each step.

    Args:
        events: payloads or spikes, uint8 or int32 [M, sources].
        reach: int64 [sources], synapses per source neuron.

    Returns:
        int64 [M].
    """
    if events.device.type != "cpu":
        return torch.where(events != 0, reach, 0).sum(dim=1)
    counts = np.zeros(len(events), dtype=np.int64)
    _count(np.ascontiguousarray(events.numpy()), reach.numpy(), counts)
    return torch.from_numpy(counts)


@njit(nogil=True, cache=True)
def _count(events: Any, reach: Any, counts: Any) -> None:
    for m in range(len(events)):
        total = 0
        for i in range(events.shape[1]):
            total += reach[i] if events[m, i] != 0 else 0
        counts[m] = total
