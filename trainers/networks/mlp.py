"""mlp: fully connected hidden layers of LIF neurons, then a linear readout."""

import math
from typing import cast

from pydantic import Field, PositiveInt
from torch import nn

from trainers.networks.network_spec import Network, NetworkOptions
from trainers.neurons.lif import LIF


class MLPOptions(NetworkOptions):
    """Options of `mlp`.

    Args:
        hidden: neurons of each hidden layer.
        decay: membrane decay factor at the start.
    """

    hidden: tuple[PositiveInt, ...] = Field(default=(128,), min_length=1)
    decay: float = Field(default=0.2, gt=0, lt=1)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples of any shape, flattened in C, H, W order."""
    chosen = cast(MLPOptions, options)
    layers: list[nn.Module] = [nn.Flatten()] if len(sample_shape) > 1 else []
    inputs = math.prod(sample_shape)
    for outputs in chosen.hidden:
        layers += [
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs),
            LIF(chosen.decay),
        ]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, classes))


MLP = Network(
    summary="linear - batch norm - LIF, per hidden layer; linear readout",
    options=MLPOptions,
    build=build,
)
