"""A network over time: any torch module built from our LIF and plain torch layers."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from trainers.errors import ConfigError, DataError
from trainers.neurons.lif import LIF


class SpikingNetwork(nn.Module):
    """Runs a module for T steps on [T*B, ...] and returns its output current at every step.

    A static sample [B, ...] is shown at each step (direct encoding); a sequence comes as
    [T, B, ...]. The module itself never sees time: its convolutions and norms treat T*B as one
    batch, its LIF layers unfold it.

    Args:
        body: the user's module; takes [N, C, H, W] (or [N, F]), returns [N, classes].
        time_steps: T.
        sequence: samples are sequences [T, B, ...] instead of static [B, ...].

    Raises:
        ConfigError: the module holds no LIF layer, or T < 1.
    """

    def __init__(self, body: nn.Module, time_steps: int, *, sequence: bool = False) -> None:
        super().__init__()
        if time_steps < 1:
            raise ConfigError(f"SpikingNetwork: time_steps ({time_steps}) must be at least 1.")
        self.body = body
        self.sequence = sequence
        if next(self.neurons(), None) is None:
            raise ConfigError(
                f"SpikingNetwork: {type(body).__name__} holds no LIF layer, so nothing would "
                "spike. Put trainers.LIF() after its convolutions and linear layers."
            )
        self.set_time_steps(time_steps)

    def set_time_steps(self, time_steps: int) -> None:
        """Sets T for the network and all its LIF layers."""
        self.time_steps = time_steps
        for _, neuron in self.neurons():
            neuron.time_steps = time_steps

    def neurons(self) -> Iterator[tuple[str, LIF]]:
        """The LIF layers with their names inside `body`, in definition order."""
        for name, module in self.body.named_modules():
            if isinstance(module, LIF):
                yield name, module

    def forward(self, inputs: Tensor) -> Tensor:
        """Output currents [T, B, classes].

        Raises:
            DataError: a sequence doesn't have T steps, or the module mixed samples.
        """
        steps = self.time_steps
        if self.sequence and inputs.shape[0] != steps:
            raise DataError(
                f"network input: {inputs.shape[0]} time steps in shape {tuple(inputs.shape)}, "
                f"expected {steps}. Set time_steps to the data's, and pass sequences [T, B, ...]."
            )
        over_time = inputs if self.sequence else inputs.expand(steps, *inputs.shape)
        rows = over_time.flatten(0, 1)
        outputs: Tensor = self.body(rows)
        if len(outputs) != len(rows):
            raise DataError(
                f"network output: {len(outputs)} rows for {len(rows)} inputs (steps x batch). "
                "Keep the leading axis, e.g. flatten from axis 1."
            )
        return torch.unflatten(outputs, 0, (steps, -1))
