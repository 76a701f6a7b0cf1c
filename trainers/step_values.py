"""Values of each time step, where another T is asked for than they were learnt with."""

import torch
from torch import Tensor


def repeated_last(values: Tensor, time_steps: int) -> Tensor:
    """The first T of per-step values [T0]; beyond T0 the last one repeats."""
    steps = torch.arange(time_steps, device=values.device).clamp(max=len(values) - 1)
    return values[steps]
