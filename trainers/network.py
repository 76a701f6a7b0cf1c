"""A network over time: any torch module built from our LIF and plain torch layers."""

from collections.abc import Iterator
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from trainers.errors import ConfigError, DataError
from trainers.losses import LogitCrossEntropy, Loss
from trainers.neurons.lif import LIF
from trainers.readout import MeanReadout, Readout


class SpikingNetwork(nn.Module):
    """Runs a module for T steps on [T*B, ...] and returns its output current at every step.

    A static sample [B, ...] is shown at each step (direct encoding); a sequence comes as
    [T, B, ...]. The module itself never sees time: its convolutions and norms treat T*B as one
    batch, its LIF layers unfold it.

    A training method may replace `readout` and `loss`, and add heads to `auxiliary`: each is
    named after the layer of `body` (dots as slashes) whose output it reads. They train with the
    network and have no part in evaluation or export.

    Args:
        body: the user's module; takes [N, C, H, W] (or [N, F]), returns [N, classes].
        time_steps: T.
        sequence: samples are sequences [T, B, ...] instead of static [B, ...].
        sample_shape: shape of one sample at one step, for methods that add layers.

    Raises:
        ConfigError: the module holds no LIF layer, or T < 1.
    """

    def __init__(
        self,
        body: nn.Module,
        time_steps: int,
        *,
        sequence: bool = False,
        sample_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        if time_steps < 1:
            raise ConfigError(f"SpikingNetwork: time_steps ({time_steps}) must be at least 1.")
        self.body = body
        self.sequence = sequence
        self.sample_shape = sample_shape
        self.readout: Readout = MeanReadout()
        self.loss: Loss = LogitCrossEntropy()
        self.auxiliary = nn.ModuleDict()
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

    def forward_all(self, inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Output currents of the network and of each auxiliary head, all [T, B, classes]."""
        features: dict[str, Tensor] = {}
        with ExitStack() as hooks:
            for name in self.auxiliary:

                def keep(_module: object, _given: object, output: Tensor, name: str = name) -> None:
                    features[name] = output

                layer = self.body.get_submodule(name.replace("/", "."))
                hooks.callback(layer.register_forward_hook(keep).remove)
            outputs = self(inputs)
        return outputs, tuple(
            torch.unflatten(head(features[name]), 0, (self.time_steps, -1))
            for name, head in self.auxiliary.items()
        )
