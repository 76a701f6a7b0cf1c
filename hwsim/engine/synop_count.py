"""Events, and synaptic operations: stored synapses that events reach, in 64-bit integers."""

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


def count_events(events: Tensor) -> Tensor:
    """Events of each step, int64 [M], of payloads or spikes [M, sources]."""
    if events.device.type != "cpu":
        return torch.count_nonzero(events, dim=1)
    counts = np.zeros(len(events), dtype=np.int64)
    _count_loud(np.ascontiguousarray(events.numpy()), counts)
    return torch.from_numpy(counts)


@njit(nogil=True, cache=True)
def _count_loud(events: Any, counts: Any) -> None:
    for m in range(len(events)):
        total = np.int32(0)
        for i in range(events.shape[1]):
            total += np.int32(events[m, i] != 0)
        counts[m] = total


@njit(nogil=True, cache=True)
def _count(events: Any, reach: Any, counts: Any) -> None:
    for m in range(len(events)):
        total = 0
        for i in range(events.shape[1]):
            total += reach[i] if events[m, i] != 0 else 0
        counts[m] = total
