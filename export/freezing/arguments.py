"""What callers of freezing hand over: a network or its module, and a sample."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import InvalidGraph
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def network_of(module: nn.Module) -> SpikingNetwork:
    """The network itself, or one around a module that was trained in one.

    Raises:
        InvalidGraph: nothing says how many time steps a bare module runs.
    """
    if isinstance(module, SpikingNetwork):
        return module
    found = {layer.time_steps for layer in module.modules() if isinstance(layer, LIF)}
    if len(found) == 1 and None not in found:
        return SpikingNetwork(module, found.pop() or 1)
    raise InvalidGraph(
        f"freeze: {type(module).__name__} doesn't say its time steps. Pass the network that "
        "trainers.fit returned, or trainers.SpikingNetwork(module, time_steps=T)."
    )


def one_sample(network: SpikingNetwork, sample: Tensor | NDArray[Any]) -> Tensor:
    """The first sample at every step, [T, ...], where the network's parameters are.

    Raises:
        InvalidGraph: the shape isn't that of a batch.
    """
    steps, shape = network.time_steps, tuple(sample.shape)
    batch_axis = 1 if network.sequence else 0
    enough = len(shape) > batch_axis and shape[batch_axis] > 0
    if not enough or (network.sequence and shape[0] != steps):
        expected = f"[T={steps}, B, ...]" if network.sequence else "[B, ...]"
        raise InvalidGraph(
            f"freeze: a sample of shape {shape} isn't {expected} with B >= 1. Pass inputs as the "
            "network takes them."
        )
    chosen = sample[:, 0] if network.sequence else sample[0]
    one = chosen if isinstance(chosen, Tensor) else torch.from_numpy(np.array(chosen))
    over_time = one if network.sequence else one.expand(steps, *one.shape)
    first = next(network.parameters())
    # A copy of its own, since a forward may add in place.
    copy = over_time.clone(memory_format=torch.contiguous_format)
    return copy.to(device=first.device, dtype=first.dtype)
