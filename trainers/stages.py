"""Which layers of a network form its stages, read from one forward pass.

A stage is a run of consecutive LIF layers of one spatial size (H, W). It ends with the submodule
that holds a LIF, puts out that size, and finishes last before the next stage's first LIF: a
residual network's group of blocks (the outermost module finishes last), a plain network's last LIF
before pooling. Outputs that aren't [N, C, H, W] belong to no stage.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn

from trainers.errors import ConfigError
from trainers.evaluation_mode import evaluating
from trainers.layer_tracer import FORWARD_FAULTS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


@dataclass(frozen=True)
class StageEnd:
    """Where a stage ends.

    Args:
        name: the submodule of `body` whose output it is.
        channels: C of that output.
        size: its (H, W).
    """

    name: str
    channels: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Stages:
    """The stages of a network in the order in which they run, and its number of classes."""

    ends: tuple[StageEnd, ...]
    classes: int


def find_stages(network: SpikingNetwork) -> Stages:
    """Runs `body` once on zeros; modes, statistics and weights stay as they were.

    Raises:
        ConfigError: the network doesn't know its sample shape, or its forward fails on it.
    """
    if network.sample_shape is None:
        raise ConfigError(
            "network stages: the shape of a sample is unknown, so the network can't be run to "
            "find them. Pass sample_shape to SpikingNetwork."
        )
    first = next(network.body.parameters())
    zeros = first.new_zeros(network.time_steps, *network.sample_shape)
    with torch.no_grad(), evaluating(network.body), _recorded(network.body) as finished:
        try:
            classes = network.body(zeros).shape[-1]
        except FORWARD_FAULTS as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ConfigError(
                f"network stages: a sample of shape {network.sample_shape} doesn't pass through "
                f"the network ({reason}). Pass the data's own sample_shape."
            ) from error
    neurons = {name for name, _ in network.neurons()}
    return Stages(ends=tuple(_ends(finished, neurons)), classes=classes)


def _ends(finished: dict[str, StageEnd], neurons: set[str]) -> Iterator[StageEnd]:
    order = list(finished)
    fired = [finished[name] for name in order if name in neurons]
    stages = [list(run) for _, run in groupby(fired, key=lambda neuron: neuron.size)]
    starts = [order.index(stage[0].name) for stage in stages]
    for stage, until in zip(stages, [*starts, len(order)][1:], strict=True):
        of_its_size = [name for name in order[:until] if finished[name].size == stage[0].size]
        yield finished[of_its_size[-1]]


@contextmanager
def _recorded(body: nn.Module) -> Iterator[dict[str, StageEnd]]:
    """Submodules with a LIF and an output [N, C, H, W], in the order in which they finished."""
    finished: dict[str, StageEnd] = {}
    with ExitStack() as hooks:
        for name, module in body.named_modules():
            if not name or not any(isinstance(part, LIF) for part in module.modules()):
                continue

            def keep(_module: object, _given: object, output: object, name: str = name) -> None:
                finished.pop(name, None)
                if isinstance(output, Tensor) and output.ndim == 4:
                    _, channels, height, width = output.shape
                    finished[name] = StageEnd(name, channels, (height, width))

            hooks.callback(module.register_forward_hook(keep).remove)
        yield finished
