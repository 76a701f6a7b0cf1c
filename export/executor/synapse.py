"""The synapse in front of NIR's current-based nodes: i <- i + dt/tau_syn (w_in x - i)."""

from collections.abc import Callable

import nir
import torch
from torch import Tensor

from export.executor.linear import doubles

Synapse = Callable[[Tensor, Tensor], Tensor]
"""(i, x) -> i after one step."""


def synapse(node: nir.CubaLIF | nir.CubaLI, dt_s: float) -> Synapse:
    """The synapse of a node at step `dt_s`, dt/tau_syn 1 at most."""
    rate = torch.clamp(dt_s / doubles(node.tau_syn), max=1.0)
    weight = doubles(node.w_in)
    return lambda current, x: current + rate * (weight * x - current)
