"""The neurons of other libraries as layers on [T*B, ...], so that everything else stays the same.

All run u[t] = decay u[t-1] (1 - s[t-1]) + I[t] with hard reset to 0 and threshold 1, or their
library's nearest neuron; each has its library's own surrogate and its fastest call:

    SpikingJelly  LIFNode, multi-step (tau = 1 / (1 - decay), decay_input off)
    snnTorch      Leaky, reset to zero, called per step as its tutorials do
    Norse         LIFBox over the whole sequence (its membrane leaks by dt tau_mem_inv; soft gain)
"""

from collections.abc import Callable

import norse.torch as norse
import snntorch
import torch
from spikingjelly.activation_based import functional, neuron
from torch import Tensor, nn

from trainers.neurons.lif import LIF

DECAY = 0.2


class SpikingJellyLIF(nn.Module):
    """SpikingJelly's multi-step LIF."""

    def __init__(self, time_steps: int) -> None:
        super().__init__()
        self.time_steps = time_steps
        self.neuron = neuron.LIFNode(tau=1 / (1 - DECAY), decay_input=False, step_mode="m")

    def forward(self, current: Tensor) -> Tensor:
        """Spikes [T*B, ...]."""
        functional.reset_net(self.neuron)
        spikes: Tensor = self.neuron(current.unflatten(0, (self.time_steps, -1)))
        return spikes.flatten(0, 1)


class SnnTorchLeaky(nn.Module):
    """snnTorch's leaky neuron, step by step."""

    def __init__(self, time_steps: int) -> None:
        super().__init__()
        self.time_steps = time_steps
        self.neuron = snntorch.Leaky(beta=DECAY, reset_mechanism="zero")

    def forward(self, current: Tensor) -> Tensor:
        """Spikes [T*B, ...]."""
        membrane = self.neuron.reset_mem()
        spikes = []
        for incoming in current.unflatten(0, (self.time_steps, -1)):
            fired, membrane = self.neuron(incoming, membrane)
            spikes.append(fired)
        return torch.cat(spikes)


class NorseLIF(nn.Module):
    """Norse's simplest leaky neuron over a sequence."""

    def __init__(self, time_steps: int) -> None:
        super().__init__()
        self.time_steps = time_steps
        dt = 1e-3
        parameters = norse.LIFBoxParameters(
            tau_mem_inv=torch.tensor((1 - DECAY) / dt), v_th=torch.tensor(1 - DECAY)
        )
        self.neuron = norse.SequentialState(norse.LIFBoxCell(parameters, dt=dt))

    def forward(self, current: Tensor) -> Tensor:
        """Spikes [T*B, ...]."""
        state = None
        spikes = []
        for incoming in current.unflatten(0, (self.time_steps, -1)):
            fired, state = self.neuron(incoming, state)
            spikes.append(fired)
        return torch.cat(spikes)


PEERS: dict[str, Callable[[int], nn.Module]] = {
    "SpikingJelly": SpikingJellyLIF,
    "snnTorch": SnnTorchLeaky,
    "Norse": NorseLIF,
}


def with_neurons(module: nn.Module, make: Callable[[], nn.Module]) -> nn.Module:
    """The module with every LIF replaced, in place."""
    for name, child in module.named_children():
        if isinstance(child, LIF):
            setattr(module, name, make())
        else:
            with_neurons(child, make)
    return module
